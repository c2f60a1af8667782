import {
  BEAT_MS,
  hearBeats,
  isListening,
  newWorkerName,
  onBack,
  publishBeat,
  SUPPORTED_RECORD_VERSION,
  type Beat,
  type Roster,
  type RedisClient,
  type RedisSubscriber,
} from "@docrelay/channel";

/**
 * Announces this worker to edges and other workers by beats, and notices by their beats when other workers are gone.
 */
export interface Membership extends AsyncDisposable {
  readonly worker: string;
  /**
   * Whether this worker sweeps: of the ask workers whose beats it hears, its own name sorts first. For a moment there
   * may be two leaders, or none.
   */
  readonly isLeader: boolean;
  /** Subscribes to beats and begins to send them. @throws errors of ioredis, if the subscription fails. */
  start(): Promise<void>;
  /** Sets the function that returns the load and the capacity that this worker's beats report. */
  report(state: () => Pick<Beat, "load" | "capacity">): void;
  /** Sends the number of unfinished asks, which the sweeper has counted, to the edges with the next beat. */
  tell(unfinished: number): void;
  /**
   * Whether a worker counts as gone, so that its asks may be taken over. A worker that was cut off or suspended for
   * three seconds may count as gone although its process lives: the store then refuses its later writes.
   */
  isGone(worker: string): Promise<boolean>;
  isConnected(worker: string): Promise<boolean>;
  /**
   * Adds a listener: `beat` is called for each beat of another worker, `gone` when a worker is gone or has announced
   * its stop.
   */
  on(listener: { beat?(beat: Beat): void; gone?(): void }): void;
  /**
   * Announces that this worker stops, so that no more bells are rung for it. Its beats continue until the membership is
   * disposed of, because the worker may still run asks.
   */
  leave(): Promise<void>;
}

export interface MembershipOptions {
  /**
   * The connection on which this worker sends its commands and its beats. So if its commands do not reach Redis, other
   * workers also hear no beat of it.
   */
  readonly redis: RedisClient;
  readonly subscriber: RedisSubscriber;
  readonly roster: Roster;
  onError(error: unknown): void;
}

const LEAVE_MS = 500;

export function createMembership({ redis, subscriber, roster, onError }: MembershipOptions): Membership {
  const worker = newWorkerName();
  const listeners: Array<Parameters<Membership["on"]>[0]> = [];
  const asking = new Set<string>();
  const announcer = createAnnouncer(redis, worker, onError);
  /** The workers that have announced their stop. Until their processes end, they still own the asks that they run. */
  const leavers = new Set<string>();

  function gone(): void {
    for (const listener of listeners) listener.gone?.();
  }

  /**
   * Asks Redis whether a silent worker still has a connection. A killed process has none, so that it counts as gone at
   * once, and not only after a long silence.
   */
  async function ask(suspect: string): Promise<void> {
    if (suspect === worker || asking.has(suspect)) return;
    asking.add(suspect);
    try {
      if (await isListening(redis, suspect)) return;
      roster.forget(suspect);
      leavers.delete(suspect);
      gone();
    } catch (error) {
      onError(error);
    } finally {
      asking.delete(suspect);
    }
  }

  function heard(beat: Beat): void {
    // Silence is measured by this worker's own beats: while it does not receive even these, the silence of other
    // workers proves nothing.
    if (beat.worker === worker) {
      roster.tick();
      if (roster.expire().length > 0) gone();
      for (const suspect of roster.suspects()) void ask(suspect);
      return;
    }
    if (beat.leaving === true && !leavers.has(beat.worker)) {
      leavers.add(beat.worker);
      gone();
    }
    for (const listener of listeners) listener.beat?.(beat);
  }

  return {
    worker,
    get isLeader() {
      return roster.leader === worker;
    },
    async start() {
      onBack(subscriber, () => roster.pardon());
      await hearBeats(subscriber, roster, heard);
      await announcer.start();
    },
    report: announcer.report,
    tell: announcer.tell,
    isGone: (other) => isGone(redis, roster, other),
    isConnected: (other) => isListening(redis, other),
    on: (listener) => void listeners.push(listener),
    leave: announcer.leave,
    async [Symbol.asyncDispose]() {
      await announcer.leave();
      announcer.stop();
    },
  };
}

async function isGone(redis: RedisClient, roster: Roster, other: string): Promise<boolean> {
  if (roster.isGone(other)) return true;
  if (roster.has(other)) return false;
  if (!(await isListening(redis, other))) return true;
  roster.expect(other);
  return false;
}

/** Sends the beats of this worker. */
interface Announcer extends Pick<Membership, "start" | "report" | "tell" | "leave"> {
  stop(): void;
}

function createAnnouncer(redis: RedisClient, worker: string, onError: (error: unknown) => void): Announcer {
  let state: () => Pick<Beat, "load" | "capacity"> = () => ({ load: 0, capacity: 0 });
  let unfinished: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let leaving = false;

  async function beat(): Promise<void> {
    if (sending) return; // Redis has not replied to the last beat yet, so no further beat is sent
    sending = true;
    const count = unfinished === undefined ? {} : { unfinished };
    unfinished = undefined;
    try {
      await publishBeat(redis, {
        worker,
        version: SUPPORTED_RECORD_VERSION,
        ...state(),
        ...count,
        ...(leaving ? { leaving } : {}),
      });
    } catch (error) {
      onError(error);
    } finally {
      sending = false;
    }
  }

  return {
    async start() {
      timer = setInterval(() => void beat(), BEAT_MS);
      await beat();
    },
    report: (of) => void (state = of),
    tell: (count) => void (unfinished = count),
    async leave() {
      if (timer === undefined || leaving) return;
      leaving = true;
      const bye = publishBeat(redis, { worker, version: SUPPORTED_RECORD_VERSION, ...state(), leaving });
      // The announcement may fail: other workers notice anyway when the beats end.
      await Promise.race([bye, new Promise((resolve) => setTimeout(resolve, LEAVE_MS).unref())]).catch(() => undefined);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

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
 * This process's membership in the group of workers: it announces this worker, and notices when another worker is gone.
 */
export interface Membership extends AsyncDisposable {
  readonly worker: string;
  /**
   * Whether this worker is the first by name of the ask workers that are heard: the leader sweeps. For a moment there
   * may be two leaders, or none.
   */
  readonly isLeader: boolean;
  /** Begins to beat. @throws errors of ioredis, when the subscription fails. */
  start(): Promise<void>;
  /** Sets the function that returns the content of this worker's beats. */
  report(state: () => Pick<Beat, "load" | "capacity">): void;
  /** Sets the number of unfinished asks, which the next beat carries to the edges. */
  tell(unfinished: number): void;
  /**
   * Whether a worker is gone and will do no more work. This may be wrong for a worker that was cut off or stopped for 3
   * s: its later writes are refused.
   */
  isGone(worker: string): Promise<boolean>;
  /** Whether Redis has a connection of this worker. */
  isConnected(worker: string): Promise<boolean>;
  /** Called after each beat of another worker, and when workers are gone. */
  on(listener: { beat?(beat: Beat): void; gone?(): void }): void;
  /**
   * Announces that this worker stops, so that it gets no more bells. Its beats continue until it is disposed of,
   * because it may still run asks.
   */
  leave(): Promise<void>;
}

export interface MembershipOptions {
  /**
   * A connection for commands, which also sends the beats: a worker whose commands do not reach Redis becomes silent.
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
  /** Workers that have announced their stop: they are alive until their process ends, and still own what they run. */
  const leavers = new Set<string>();

  function gone(): void {
    for (const listener of listeners) listener.gone?.();
  }

  /**
   * Asks Redis whether a silent worker still has a connection: a killed process has none, so that its silence need not
   * last long.
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
    // This worker's own beat is its clock: while it does not receive its own beats, the silence of other workers proves
    // nothing.
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

/** The part of a membership that announces this worker. */
interface Announcer extends Pick<Membership, "start" | "report" | "tell" | "leave"> {
  /** Ends the beats. */
  stop(): void;
}

function createAnnouncer(redis: RedisClient, worker: string, onError: (error: unknown) => void): Announcer {
  let state: () => Pick<Beat, "load" | "capacity"> = () => ({ load: 0, capacity: 0 });
  let unfinished: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let leaving = false;

  async function beat(): Promise<void> {
    if (sending) return; // Redis is slow: at most one beat waits
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
      // If the announcement fails, other workers notice that the beats have ended.
      await Promise.race([bye, new Promise((resolve) => setTimeout(resolve, LEAVE_MS).unref())]).catch(() => undefined);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

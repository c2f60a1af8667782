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

/** This process among the workers: it announces itself, and notices when another one is gone. */
export interface Membership extends AsyncDisposable {
  readonly worker: string;
  /** The first by name of the ask workers that are heard: it sweeps. For a moment there may be two or none. */
  readonly isLeader: boolean;
  /** Begins to beat. @throws errors of ioredis, when the subscription fails. */
  start(): Promise<void>;
  /** The content of this worker's beats. */
  report(state: () => Pick<Beat, "load" | "capacity">): void;
  /** The next beat tells the edges how many asks are unfinished. */
  tell(unfinished: number): void;
  /**
   * Whether a worker will do nothing more. It may be wrong about one that was cut off or stopped for 3 s: what that one
   * writes later is refused.
   */
  isGone(worker: string): Promise<boolean>;
  /** Whether Redis has its connection. */
  isConnected(worker: string): Promise<boolean>;
  /** Called after each beat of another worker, and when workers are gone. */
  on(listener: { beat?(beat: Beat): void; gone?(): void }): void;
  /** Announces that this worker stops: no more bells for it. It beats on until it is disposed of, since it may run asks still. */
  leave(): Promise<void>;
}

export interface MembershipOptions {
  /** A command connection, also of the beats: a worker whose commands get nowhere is silent. */
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
  /** Workers that are known to leave: they are alive until their process ends, and what they run is theirs. */
  const leavers = new Set<string>();

  function gone(): void {
    for (const listener of listeners) listener.gone?.();
  }

  /** A killed process has no connection any more, so a silent worker need not be waited for to be known as gone. */
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
    // The worker's own beat is its clock: while it does not receive that, the silence of others proves nothing.
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

/** What this worker says of itself. */
interface Announcer extends Pick<Membership, "start" | "report" | "tell" | "leave"> {
  /** Beats no more. */
  stop(): void;
}

function createAnnouncer(redis: RedisClient, worker: string, onError: (error: unknown) => void): Announcer {
  let state: () => Pick<Beat, "load" | "capacity"> = () => ({ load: 0, capacity: 0 });
  let unfinished: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let leaving = false;

  async function beat(): Promise<void> {
    if (sending) return; // Redis is slow: no more than one beat waits
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
      // Should it fail, the others miss its beats.
      await Promise.race([bye, new Promise((resolve) => setTimeout(resolve, LEAVE_MS).unref())]).catch(() => undefined);
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

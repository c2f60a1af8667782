/** The time between two beats of a worker, in ms. A roster counts the silence of workers in ticks of this length. */
export const BEAT_MS = 200;
/** A worker that was silent for more ticks of `BEAT_MS` than this gets bells only while no other worker is heard. */
const FRESH_TICKS = 3;
/** If a worker was silent for more ticks of `BEAT_MS` than this, Redis is asked whether the worker still listens. */
const SUSPECT_TICKS = 2;
/**
 * After this many silent ticks (3 s) a worker counts as gone, even if Redis still has its connection: its process may
 * be stopped, or cut off from Redis.
 */
const GONE_TICKS = 15;

/**
 * After this process was without Redis, the silence of all workers is counted only after this many more ticks of
 * `BEAT_MS`, because they may still be reconnecting.
 */
const PARDON_TICKS = 5;

/** The most workers that a roster remembers as gone while Redis still has their connections. */
const MAX_GONE = 1000;

/** A beat: what a worker announces of itself. */
export interface Beat {
  /** The name of the worker process; each start of a process makes a new name. */
  readonly worker: string;
  /** The highest record version that the worker can run. */
  readonly version: number;
  /** How many conversations the worker runs or keeps waiting, in all. */
  readonly load: number;
  /**
   * How many conversations the worker runs at once at most. 0 for a worker without the role `ask`, which gets no bells
   * and does not sweep.
   */
  readonly capacity: number;
  /** Set when the worker is stopping: it gets no more bells, and another worker takes the asks that it hands back. */
  readonly leaving?: boolean;
  /** The number of unfinished asks of all users. Only the worker that sweeps sends it. */
  readonly unfinished?: number;
}

/** The live workers, as far as this process has heard of them by their beats. */
export interface Roster {
  hear(beat: Beat): void;
  /**
   * Counts one more tick of {@link BEAT_MS}. An edge calls it by a timer, a worker at each of its own beats that it
   * hears. Comparing times of a clock instead would count a pause of this process itself as silence of the workers.
   */
  tick(): void;
  /**
   * Chooses a worker for a bell: the less loaded of two random ones. Returns undefined when no worker is known.
   * `version`: the record version that the worker should run; if no worker runs it, any worker may be chosen. `not`: a
   * worker that is not chosen.
   */
  choose(options?: { version?: number; not?: string }): string | undefined;
  /** Stops choosing a worker until its next beat. Call it when Redis has no connection of the worker. */
  skip(worker: string): void;
  /** Removes a worker that is known to be gone. */
  forget(worker: string): void;
  /** Adds a worker that has sent no beat yet, but may be alive. The worker's silence is counted from now on. */
  expect(worker: string): void;
  /**
   * Call it after this process was without Redis. The silence of all workers is then counted only after another second,
   * because they may still be reconnecting.
   */
  pardon(): void;
  /**
   * Whether the roster has the worker: it was heard or passed to `expect`, and has not been removed by `forget` or
   * `expire` since.
   */
  has(worker: string): boolean;
  /**
   * Returns the workers that were silent for more than two ticks of `BEAT_MS`. Redis should be asked whether they still
   * listen.
   */
  suspects(): string[];
  /**
   * Removes and returns the workers that were silent for 3 s, counted in ticks. They count as gone until they are heard
   * again.
   */
  expire(): string[];
  isGone(worker: string): boolean;
  /** All workers whose beats were heard and that have not announced that they stop, sorted by name. */
  readonly workers: readonly string[];
  /**
   * The worker that sweeps: the first by name of those with the role `ask` that were heard within three ticks of
   * `BEAT_MS`.
   */
  readonly leader: string | undefined;
}

interface Member {
  beat: Beat | undefined;
  heardAt: number;
  /** How many bells were rung for the worker since its last beat. */
  rung: number;
  /**
   * Whether Redis had no connection of the worker when a bell was last rung for it. Such a worker gets no more bells
   * until its next beat. Whether it is gone is decided only by its silence.
   */
  deaf: boolean;
}

/** @param random returns a number from 0 to 1, by which `choose` picks workers. */
export function createRoster(random: () => number = Math.random): Roster {
  const members = new Map<string, Member>();
  const gone = new Set<string>();
  let now = 0;

  const silence = ({ heardAt }: Member): number => now - heardAt;
  const isFresh = (member: Member): boolean => silence(member) <= FRESH_TICKS;

  return {
    hear(beat) {
      gone.delete(beat.worker);
      members.set(beat.worker, { beat, heardAt: now, rung: 0, deaf: false });
    },
    tick: () => void now++,
    choose({ version = 0, not } = {}) {
      const from = candidates(members, { version, not, isFresh });
      const [first, second] = [pick(from, random()), pick(from, random())];
      const chosen = first && second && fullness(second[1]) < fullness(first[1]) ? second : first;
      if (!chosen) return undefined;
      chosen[1].rung++;
      return chosen[0];
    },
    skip(worker) {
      const member = members.get(worker);
      if (member) member.deaf = true;
    },
    forget: (worker) => void members.delete(worker),
    expect(worker) {
      if (!members.has(worker)) members.set(worker, { beat: undefined, heardAt: now, rung: 0, deaf: false });
    },
    pardon() {
      for (const member of members.values()) member.heardAt = now + PARDON_TICKS;
    },
    has: (worker) => members.has(worker),
    suspects: () => [...members].flatMap(([worker, member]) => (silence(member) > SUSPECT_TICKS ? [worker] : [])),
    expire() {
      const expired = [...members].flatMap(([worker, member]) => (silence(member) >= GONE_TICKS ? [worker] : []));
      for (const worker of expired) {
        members.delete(worker);
        gone.add(worker);
      }
      for (const oldest of gone) {
        if (gone.size <= MAX_GONE) break;
        gone.delete(oldest);
      }
      return expired;
    },
    isGone: (worker) => gone.has(worker),
    get workers() {
      return staying(members).map(([worker]) => worker);
    },
    get leader() {
      const sweeps = ([, member]: [string, Member]): boolean => Number(member.beat?.capacity) > 0 && isFresh(member);
      return staying(members).find(sweeps)?.[0];
    },
  };
}

/**
 * Returns the workers that may get a bell: those that run the version, or all if none runs it. Of these, only the
 * workers that were heard recently, if there are any.
 */
function candidates(
  members: ReadonlyMap<string, Member>,
  { version, not, isFresh }: { version: number; not: string | undefined; isFresh: (member: Member) => boolean },
): Array<[string, Member]> {
  const heard = [...members].filter(
    ([worker, { beat, deaf }]) => Number(beat?.capacity) > 0 && beat?.leaving !== true && !deaf && worker !== not,
  );
  const fitting = heard.filter(([, { beat }]) => Number(beat?.version) >= version);
  const able = fitting.length > 0 ? fitting : heard;
  const fresh = able.filter(([, member]) => isFresh(member));
  return fresh.length > 0 ? fresh : able;
}

/** Returns all workers that have not announced that they are leaving, sorted by name. */
function staying(members: ReadonlyMap<string, Member>): Array<[string, Member]> {
  return [...members].filter(([, { beat }]) => beat && beat.leaving !== true).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from[Math.min(from.length - 1, Math.floor(at * from.length))];
}

/**
 * Returns how full a worker is, by its last beat and the bells rung since then: 1 when it runs as many conversations as
 * it can.
 */
function fullness({ beat, rung }: Member): number {
  return (Number(beat?.load) + rung) / Math.max(1, Number(beat?.capacity));
}

/** How often an ask worker announces itself, in ms. A roster counts its time in ticks of this length. */
export const BEAT_MS = 200;
/** Silent for longer than this many ticks: no bells for it while another worker is heard. */
const FRESH_TICKS = 3;
/** Silent for this many ticks: whether it still listens is worth a question to Redis. */
const SUSPECT_TICKS = 2;
/** Silent for this many ticks (3 s) it counts as gone, even if Redis still has its connection: a stopped or cut off process. */
const GONE_TICKS = 15;

/** Silence that is not counted after this process has been without Redis: others may be on their way back, too. */
const PARDON_TICKS = 5;

/** Most workers that are remembered as gone while Redis still has their connections. */
const MAX_GONE = 1000;

/** The content of one beat. */
export interface Beat {
  /** Names the process: another one after each start. */
  readonly worker: string;
  /** Highest version of records that it can run. */
  readonly version: number;
  /** Conversations that it runs or keeps waiting … */
  readonly load: number;
  /** … and how many it runs at once at most; 0 for a worker without the role `ask`: it gets no bells and does not sweep. */
  readonly capacity: number;
  /** It stops: no more bells, and another worker takes what it hands back. */
  readonly leaving?: boolean;
  /** Unfinished asks of all users, from the worker that sweeps. */
  readonly unfinished?: number;
}

/** The ask workers that are alive, as far as this process has heard. */
export interface Roster {
  hear(beat: Beat): void;
  /** One beat's time has passed here. Not a clock: a process that was stopped must not take its own pause for others' silence. */
  tick(): void;
  /** A worker for a bell: the less loaded one of two at random. Undefined when no worker is known. */
  choose(options?: { version?: number; not?: string }): string | undefined;
  /** No more bells for this worker until its next beat: Redis had no connection of it. */
  skip(worker: string): void;
  /** Removes a worker that is known to be gone. */
  forget(worker: string): void;
  /** Starts to count the silence of a worker that was never heard, but may be alive. */
  expect(worker: string): void;
  /** This process was without Redis: the silence of all begins a second from now. */
  pardon(): void;
  /** Heard, or expected, within the last 3 s of ticks. */
  has(worker: string): boolean;
  /** Workers that have missed two beats. */
  suspects(): string[];
  /** Removes the workers that were silent for 3 s of ticks, and returns them: they are gone until they are heard again. */
  expire(): string[];
  isGone(worker: string): boolean;
  /** All that are heard and do not leave, sorted. */
  readonly workers: readonly string[];
  /** The first by name of those with the role `ask` that were heard within three ticks: it sweeps. */
  readonly leader: string | undefined;
}

interface Member {
  beat: Beat | undefined;
  heardAt: number;
  /** Bells rung for it since its last beat. */
  rung: number;
  /** A bell found no connection of it: no more bells until its next beat. Its silence decides whether it is gone. */
  deaf: boolean;
}

/** @param random 0..1, for the choice. */
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

/** Those that bells are rung for: of the version, and heard not long ago, if there are such. */
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

/** Workers that do not leave, sorted by name. */
function staying(members: ReadonlyMap<string, Member>): Array<[string, Member]> {
  return [...members].filter(([, { beat }]) => beat && beat.leaving !== true).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function pick<T>(from: readonly T[], at: number): T | undefined {
  return from[Math.min(from.length - 1, Math.floor(at * from.length))];
}

/** How full a worker is by its last beat and the bells since: 1 when it runs as much as it may. */
function fullness({ beat, rung }: Member): number {
  return (Number(beat?.load) + rung) / Math.max(1, Number(beat?.capacity));
}

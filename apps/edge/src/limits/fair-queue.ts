import { refuse } from "@docrelay/protocol";

/**
 * A bounded queue that serves users in rotation: after one call of a user comes the next user. So a user with many
 * calls delays every other user by at most one of these calls. Each call has a key, such as an upload. Calls of one key
 * begin in the order of arrival, and a user's keys are served in rotation too.
 */
export interface FairQueue<Key> {
  /**
   * Waits until the queue serves this call, at most `waitMs`. Resolves to a function that must be called when the
   * caller's work is done; it is idempotent. @throws Refusal `BUSY`, at once when too many calls wait, or after
   * `waitMs`; errors of `checkKey`.
   */
  acquire(user: string, key: Key): Promise<() => void>;
  /** How many calls of `acquire` wait. */
  readonly waiting: number;
  /** How many keys have a call that waits or is being served. */
  readonly keys: number;
}

export interface FairQueueRule<Key> {
  readonly maxWaiting: number;
  readonly maxWaitingPerUser?: number;
  readonly maxWaitingPerKey?: number;
  /** How many calls of one key may be served at the same time; 1 by default. */
  readonly turnsPerKey?: number;
  readonly waitMs: number;
  /** The `retryAfterMs` of the refusal `BUSY`, with which `acquire` rejects. */
  readonly retryAfterMs: number;
  /**
   * Whether one more call may be served while `running` calls are being served. Must return true for 0, else the queue
   * would stop.
   */
  hasRoom(running: number): boolean;
  /** Calls `callback` once when the next call of the key may be served; by default at once. */
  whenReady?(key: Key, callback: () => void): void;
  /** Throws for a key that must no longer be served: all waiting calls of the key reject with that error. */
  checkKey?(key: Key): void;
}

interface Waiter {
  resolve(release: () => void): void;
  reject(error: unknown): void;
}
/**
 * The calls of one key. `turns`: how many of them are being served. `idle`: no call waits. `held`: no further call may
 * be served now, because `turnsPerKey` calls are being served, or because `whenReady` has not called back. `ready`: the
 * next call may be served when the lane's user is the next one to be served.
 */
interface Lane<Key> {
  readonly key: Key;
  readonly name: string;
  readonly user: User<Key>;
  readonly waiters: Set<Waiter>;
  turns: number;
  state: "idle" | "held" | "ready";
}
interface User<Key> {
  waiting: number;
  readonly lanes: Map<Key, Lane<Key>>;
  /**
   * The user's lanes in the state `ready`. The first of them is served next, because a Set keeps the order of
   * insertion.
   */
  readonly ready: Set<Lane<Key>>;
}

interface Queue<Key> {
  readonly rule: FairQueueRule<Key>;
  readonly users: Map<string, User<Key>>;
  /** The users who have a lane in the state `ready`; the first of them is served next. */
  readonly round: Set<User<Key>>;
  running: number;
  waiting: number;
  keys: number;
}

export function createFairQueue<Key>(rule: FairQueueRule<Key>): FairQueue<Key> {
  const queue: Queue<Key> = { rule, users: new Map(), round: new Set(), running: 0, waiting: 0, keys: 0 };
  return {
    get waiting() {
      return queue.waiting;
    },
    get keys() {
      return queue.keys;
    },
    async acquire(name, key) {
      if (isFull(queue, name, key)) throw busy(rule);
      return new Promise((resolve, reject) => wait(queue, laneOf(queue, name, key), { resolve, reject }));
    },
  };
}

function isFull<Key>({ rule, users, waiting }: Queue<Key>, name: string, key: Key): boolean {
  const { maxWaiting, maxWaitingPerUser = maxWaiting, maxWaitingPerKey = maxWaiting } = rule;
  const user = users.get(name);
  return (
    waiting >= maxWaiting ||
    (user?.waiting ?? 0) >= maxWaitingPerUser ||
    (user?.lanes.get(key)?.waiters.size ?? 0) >= maxWaitingPerKey
  );
}

function busy<Key>({ retryAfterMs }: FairQueueRule<Key>): Error {
  return refuse("BUSY", { retryAfterMs });
}

/**
 * Adds a call to a lane (the calls of one key), where it waits until it is served, is rejected, or has waited too long.
 */
function wait<Key>(queue: Queue<Key>, lane: Lane<Key>, call: Waiter): void {
  const leave = (): void => {
    clearTimeout(late);
    lane.waiters.delete(waiter);
    lane.user.waiting--;
    queue.waiting--;
  };
  const waiter: Waiter = {
    resolve(release) {
      leave();
      call.resolve(release);
    },
    reject(error) {
      leave();
      call.reject(error);
    },
  };
  const late = setTimeout(() => {
    waiter.reject(busy(queue.rule));
    forgetIfEmpty(queue, lane);
  }, queue.rule.waitMs);
  lane.waiters.add(waiter);
  lane.user.waiting++;
  queue.waiting++;
  if (lane.state === "idle") makeReady(queue, lane);
}

/** Serves waiting calls while there is room, one of each user in rotation. */
function serve<Key>(queue: Queue<Key>): void {
  while (queue.rule.hasRoom(queue.running)) {
    const [user] = queue.round;
    const [lane] = user?.ready ?? [];
    if (!user || !lane) return;
    user.ready.delete(lane);
    queue.round.delete(user);
    if (user.ready.size > 0) queue.round.add(user);
    begin(queue, lane);
  }
}

function begin<Key>(queue: Queue<Key>, lane: Lane<Key>): void {
  try {
    queue.rule.checkKey?.(lane.key);
  } catch (error) {
    for (const waiter of lane.waiters) waiter.reject(error);
    forget(queue, lane);
    return;
  }
  const [first] = lane.waiters;
  if (!first) return forget(queue, lane);
  lane.state = "held";
  queue.running++;
  lane.turns++;
  let isOver = false;
  first.resolve(() => {
    if (isOver) return;
    isOver = true;
    queue.running--;
    lane.turns--;
    if (lane.state !== "ready") makeReady(queue, lane);
    serve(queue);
  });
  if (lane.turns < (queue.rule.turnsPerKey ?? 1)) makeReady(queue, lane);
}

/**
 * Makes a lane (the calls of one key) `ready` as soon as its next call may be served; forgets a lane without waiting
 * calls.
 */
function makeReady<Key>(queue: Queue<Key>, lane: Lane<Key>): void {
  lane.state = "held";
  const ready = (): void => {
    if (lane.waiters.size === 0) return forget(queue, lane);
    lane.state = "ready";
    lane.user.ready.add(lane);
    queue.round.add(lane.user);
    serve(queue);
  };
  if (queue.rule.whenReady && lane.waiters.size > 0) queue.rule.whenReady(lane.key, ready);
  else ready();
}

function laneOf<Key>(queue: Queue<Key>, name: string, key: Key): Lane<Key> {
  const user = queue.users.get(name) ?? { waiting: 0, lanes: new Map<Key, Lane<Key>>(), ready: new Set<Lane<Key>>() };
  queue.users.set(name, user);
  const known = user.lanes.get(key);
  if (known) return known;
  const lane: Lane<Key> = { key, name, user, waiters: new Set(), turns: 0, state: "idle" };
  user.lanes.set(key, lane);
  queue.keys++;
  return lane;
}

function forget<Key>(queue: Queue<Key>, lane: Lane<Key>): void {
  const { key, name, user } = lane;
  lane.state = "idle";
  if (lane.turns > 0) return; // a call of this lane is still being served; when it is done, the lane is forgotten
  if (user.lanes.delete(key)) queue.keys--;
  if (user.lanes.size === 0) queue.users.delete(name);
}

/** Called when a call has waited longer than `waitMs`: forgets the call's lane if no other call waits in it. */
function forgetIfEmpty<Key>(queue: Queue<Key>, lane: Lane<Key>): void {
  if (lane.state !== "ready" || lane.waiters.size > 0) return;
  lane.user.ready.delete(lane);
  if (lane.user.ready.size === 0) queue.round.delete(lane.user);
  forget(queue, lane);
}

import { refuse } from "@docrelay/protocol";

/**
 * A bounded queue that serves users in turn. Calls for one key run one after the other, in the order of arrival; the
 * keys of one user share that user's turns. So a user with many calls delays every other user by at most one of these
 * calls.
 */
export interface FairQueue<Key> {
  /**
   * Waits for the key's turn, at most `waitMs`. Resolves to a function that ends the turn; the function is idempotent
   * and must be called. @throws Refusal `BUSY` at once when a bound of waiting is reached, or when the turn did not
   * come in time; errors of `checkKey`.
   */
  acquire(user: string, key: Key): Promise<() => void>;
  /** Calls of `acquire` that have not settled. */
  readonly waiting: number;
  /** Keys with a waiting call or a turn. */
  readonly keys: number;
}

export interface FairQueueRule<Key> {
  readonly maxWaiting: number;
  readonly maxWaitingPerUser?: number;
  readonly maxWaitingPerKey?: number;
  /** Turns that a key may have at the same time; they begin in the order of arrival. Default: 1. */
  readonly turnsPerKey?: number;
  readonly waitMs: number;
  /** The `retryAfterMs` of a `BUSY` refusal. */
  readonly retryAfterMs: number;
  /** Whether one more turn may begin while `running` turns last. Must return true for 0, else the queue would stop. */
  hasRoom(running: number): boolean;
  /** Calls back once when the key may have its next turn. Default: at once. */
  whenReady?(key: Key, callback: () => void): void;
  /** Throws for a key that must no longer be served: all waiting calls of the key reject with that error. */
  checkKey?(key: Key): void;
}

interface Waiter {
  resolve(release: () => void): void;
  reject(error: unknown): void;
}
/**
 * The calls for one key. `held`: the lane has all turns that it may have, or `whenReady` has not called back. `ready`:
 * the lane is in its user's round. `idle`: the lane may have a turn, but no call waits.
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
  /** Lanes in the order of their turns: a Set keeps the order of insertion. */
  readonly ready: Set<Lane<Key>>;
}

interface Queue<Key> {
  readonly rule: FairQueueRule<Key>;
  readonly users: Map<string, User<Key>>;
  /** Users with a lane that is ready, in the order of their turns. */
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

/** Waits in a lane until `call` is resolved by its turn, or rejected. */
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

/** Begins turns while there is room; users are served in turn. */
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
 * Puts a lane into its user's round as soon as the lane may have another turn; forgets a lane without waiting calls.
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
  if (lane.turns > 0) return; // the end of its last turn forgets it
  if (user.lanes.delete(key)) queue.keys--;
  if (user.lanes.size === 0) queue.users.delete(name);
}

/** Called after a waiter's timeout: removes the waiter's lane from the round if no other waiter is left. */
function forgetIfEmpty<Key>(queue: Queue<Key>, lane: Lane<Key>): void {
  if (lane.state !== "ready" || lane.waiters.size > 0) return;
  lane.user.ready.delete(lane);
  if (lane.user.ready.size === 0) queue.round.delete(lane.user);
  forget(queue, lane);
}

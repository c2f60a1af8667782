import { refuse } from "@docrelay/protocol";

/**
 * A bounded queue that serves users in turn. Calls for one key have their turns one after the other, in the order of
 * arrival; the keys of one user share that user's turns. So a user with many calls delays each other user by at most one of them.
 */
export interface FairQueue<Key> {
  /**
   * Waits for the key's turn, at most `waitMs`. Resolves to a function that ends the turn; it is idempotent and must be
   * called. @throws Refusal `BUSY` at once when a bound of waiting is reached, or when the turn did not come in time;
   * errors of `checkKey`.
   */
  acquire(user: string, key: Key): Promise<() => void>;
  /** Calls of `acquire` that have not settled. */
  readonly waiting: number;
  /** Keys that wait or have a turn. */
  readonly keys: number;
}

export interface FairQueueRule<Key> {
  readonly maxWaiting: number;
  readonly maxWaitingPerUser?: number;
  readonly maxWaitingPerKey?: number;
  /** Turns that a key may have at the same time; they begin in the order of arrival. Default: 1. */
  readonly turnsPerKey?: number;
  readonly waitMs: number;
  /** `retryAfterMs` of a refusal. */
  readonly retryAfterMs: number;
  /** Whether one more turn may begin while `running` turns last. Must return true for 0, else the queue would stop. */
  hasRoom(running: number): boolean;
  /** Calls back once when the key may have its next turn. Default: at once. */
  whenReady?(key: Key, callback: () => void): void;
  /** Throws for a key that must not be served any more: all its waiting calls reject with that error. */
  checkKey?(key: Key): void;
}

interface Waiter {
  resolve(release: () => void): void;
  reject(error: unknown): void;
}
/**
 * The calls for one key. `held`: it has all turns that it may have, or `whenReady` has not called back. `ready`: in its
 * user's round. `idle`: it may have a turn, and no call waits for one.
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
  /** In the order of their turns: a Set keeps the order of insertion. */
  readonly ready: Set<Lane<Key>>;
}

export function createFairQueue<Key>(rule: FairQueueRule<Key>): FairQueue<Key> {
  const { maxWaiting, maxWaitingPerUser = maxWaiting, maxWaitingPerKey = maxWaiting, turnsPerKey = 1 } = rule;
  const users = new Map<string, User<Key>>();
  /** Users with a lane that is ready, in the order of their turns. */
  const round = new Set<User<Key>>();
  let running = 0;
  let waiting = 0;
  let keys = 0;
  const busy = (): Error => refuse("BUSY", { retryAfterMs: rule.retryAfterMs });

  function serve(): void {
    while (rule.hasRoom(running)) {
      const [user] = round;
      const [lane] = user?.ready ?? [];
      if (!user || !lane) return;
      user.ready.delete(lane);
      round.delete(user);
      if (user.ready.size > 0) round.add(user);
      begin(lane);
    }
  }

  function begin(lane: Lane<Key>): void {
    try {
      rule.checkKey?.(lane.key);
    } catch (error) {
      for (const waiter of lane.waiters) waiter.reject(error);
      forget(lane);
      return;
    }
    const [first] = lane.waiters;
    if (!first) return forget(lane);
    lane.state = "held";
    running++;
    lane.turns++;
    let isOver = false;
    first.resolve(() => {
      if (isOver) return;
      isOver = true;
      running--;
      lane.turns--;
      if (lane.state !== "ready") makeReady(lane);
      serve();
    });
    if (lane.turns < turnsPerKey) makeReady(lane);
  }

  /** Puts a lane into its user's round as soon as it may have another turn; forgets it when nothing waits in it. */
  function makeReady(lane: Lane<Key>): void {
    lane.state = "held";
    const ready = (): void => {
      if (lane.waiters.size === 0) return forget(lane);
      lane.state = "ready";
      lane.user.ready.add(lane);
      round.add(lane.user);
      serve();
    };
    if (rule.whenReady && lane.waiters.size > 0) rule.whenReady(lane.key, ready);
    else ready();
  }

  function laneOf(name: string, key: Key): Lane<Key> {
    const user = users.get(name) ?? { waiting: 0, lanes: new Map<Key, Lane<Key>>(), ready: new Set<Lane<Key>>() };
    users.set(name, user);
    const known = user.lanes.get(key);
    if (known) return known;
    const lane: Lane<Key> = { key, name, user, waiters: new Set(), turns: 0, state: "idle" };
    user.lanes.set(key, lane);
    keys++;
    return lane;
  }

  function forget(lane: Lane<Key>): void {
    const { key, name, user } = lane;
    lane.state = "idle";
    if (lane.turns > 0) return; // its last turn forgets it
    if (user.lanes.delete(key)) keys--;
    if (user.lanes.size === 0) users.delete(name);
  }

  /** Called after a waiter's timeout: its lane leaves the round if no other waiter is left. */
  function forgetIfEmpty(lane: Lane<Key>): void {
    if (lane.state !== "ready" || lane.waiters.size > 0) return;
    lane.user.ready.delete(lane);
    if (lane.user.ready.size === 0) round.delete(lane.user);
    forget(lane);
  }

  return {
    get waiting() {
      return waiting;
    },
    get keys() {
      return keys;
    },
    async acquire(name, key) {
      const known = users.get(name);
      const isFull =
        waiting >= maxWaiting ||
        (known?.waiting ?? 0) >= maxWaitingPerUser ||
        (known?.lanes.get(key)?.waiters.size ?? 0) >= maxWaitingPerKey;
      if (isFull) throw busy();
      const lane = laneOf(name, key);
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          clearTimeout(late);
          lane.waiters.delete(waiter);
          lane.user.waiting--;
          waiting--;
        };
        const waiter: Waiter = {
          resolve(release) {
            leave();
            resolve(release);
          },
          reject(error) {
            leave();
            reject(error);
          },
        };
        const late = setTimeout(() => {
          waiter.reject(busy());
          forgetIfEmpty(lane);
        }, rule.waitMs);
        lane.waiters.add(waiter);
        lane.user.waiting++;
        waiting++;
        if (lane.state === "idle") makeReady(lane);
      });
    },
  };
}

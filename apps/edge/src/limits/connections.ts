import { beginEdgeLease, claimPlaces, endEdgeLease, renewEdgeLease, type RedisClient } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";

/**
 * Counts a user's connections on all edges together. For each user and edge Redis has the number of connections. The
 * number is written when a connection opens or closes, so that an idle connection costs no write. Redis also has a
 * lease for each edge, which the edge renews. When a lease has run out, because its edge was killed, the numbers of
 * that edge no longer count. Edges of version 0.1 count under another key: while both versions run, a user may have up
 * to twice the allowed connections.
 */
export interface Connections extends AsyncDisposable {
  /**
   * Counts one more connection of the user; the returned function ends the counting, idempotently. @throws Refusal
   * `TOO_MANY_CONNECTIONS`.
   */
  take(user: string): Promise<() => void>;
  /** How many connections to this edge are counted now. */
  readonly count: number;
}

/** The writes of one user's number of connections to Redis: for each user, only one `claimPlaces` runs at a time. */
interface Turn {
  /** The waiting calls of `take`. The next write to Redis claims one connection for each of them. */
  takes: Array<(granted: boolean) => void>;
  /** How many calls of `take` have no result yet, including those of the current write. */
  unanswered: number;
  /** Whether the user's number of connections has changed since the current write began, and must be written again. */
  again: boolean;
}

const LEASE_MS = 60_000;
const RETRY_MS = 5000;
/**
 * How many users have their number of connections written at the same time after a lease was lost. A large edge has
 * more users than one Redis pipeline can hold.
 */
const WRITTEN_AT_ONCE = 500;

export interface ConnectionsOptions {
  readonly redis: RedisClient;
  readonly node: string;
  readonly max: number;
  readonly leaseMs?: number;
  /**
   * Receives the error when the lease could not be begun or renewed. The edge tries again after a third of the lease's
   * time.
   */
  onError(error: unknown): void;
}

interface Places {
  readonly options: ConnectionsOptions;
  readonly leaseMs: number;
  /** How many connections each user has on this edge. */
  readonly held: Map<string, number>;
  readonly turns: Map<string, Turn>;
  /** The users whose number of connections may be wrong in Redis; the next renewal of the lease writes it again. */
  readonly stale: Set<string>;
  /** The name of the current lease: the edge's name, with a number from the second lease on. */
  node: string;
  /** How many leases this edge has begun. */
  leases: number;
}

export function createConnections(options: ConnectionsOptions): Connections {
  const { redis, node, leaseMs = LEASE_MS, onError } = options;
  const places: Places = { options, leaseMs, held: new Map(), turns: new Map(), stale: new Set(), node, leases: 1 };
  let count = 0;
  void beginEdgeLease(redis, node, leaseMs).catch(onError); // if this fails, the next renewal begins another lease
  const timer = renewRegularly(places);

  return {
    get count() {
      return count;
    },
    async take(user) {
      checkOwn(places, user);
      count++;
      const granted = await new Promise<boolean>((resolve) => void change(places, user, resolve));
      if (!granted) {
        count--;
        throw tooMany();
      }
      let released = false;
      return () => {
        if (released) return;
        released = true;
        count--;
        hold(places, user, -1);
        void change(places, user);
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await endEdgeLease(redis, places.node).catch(() => undefined); // if this fails, the lease runs out
    },
  };
}

function tooMany(): Error {
  return refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
}

/** @throws Refusal when the user's connections to this edge alone reach the limit */
function checkOwn({ options, held, turns }: Places, user: string): void {
  const mine = (held.get(user) ?? 0) + (turns.get(user)?.unanswered ?? 0);
  if (mine >= options.max) throw tooMany();
}

function hold(places: Places, user: string, more: number): void {
  const now = (places.held.get(user) ?? 0) + more;
  if (now > 0) places.held.set(user, now);
  else places.held.delete(user);
}

/**
 * Writes the user's number of connections to Redis, then settles the waiting calls of `take`: the earliest calls are
 * granted while the limit allows, the others are not. Repeats this until nothing has changed during a write.
 */
async function write(places: Places, user: string, turn: Turn): Promise<void> {
  do {
    turn.again = false;
    const takes = turn.takes;
    turn.takes = [];
    const before = places.held.get(user) ?? 0;
    let granted = takes.length;
    try {
      const claim = { node: places.node, held: before, wanted: before + takes.length, max: places.options.max };
      granted = (await claimPlaces(places.options.redis, user, claim)) - before;
    } catch {
      // Without Redis only this edge's own count is checked: the limit protects the service, and an outage must not
      // refuse all users. Calls of `take` that came during the write are granted too, instead of waiting for another
      // failure.
      takes.push(...turn.takes.splice(0));
      granted = takes.length;
      places.stale.add(user);
    }
    hold(places, user, granted);
    turn.unanswered -= takes.length;
    for (const [index, settle] of takes.entries()) settle(index < granted);
  } while (turn.again || turn.takes.length > 0);
  places.turns.delete(user);
}

/**
 * Begins to write the user's number of connections to Redis; if such a write is running, has it repeated. `take` gets
 * whether one more connection is granted.
 */
function change(places: Places, user: string, take?: (granted: boolean) => void): Promise<void> {
  const known = places.turns.get(user);
  const turn = known ?? { takes: [], unanswered: 0, again: false };
  turn.again = true;
  if (take) {
    turn.takes.push(take);
    turn.unanswered++;
  }
  if (known) return Promise.resolve();
  places.turns.set(user, turn);
  return write(places, user, turn);
}

/**
 * Begins a new lease, and has the numbers of connections of all users written again under it, because those under the
 * old lease are void.
 */
async function beginNextLease(places: Places): Promise<void> {
  const { options, held, turns } = places;
  const next = `${options.node}-${++places.leases}`;
  await beginEdgeLease(options.redis, next, places.leaseMs);
  places.node = next;
  for (const user of [...held.keys(), ...turns.keys()]) places.stale.add(user);
}

async function renew(places: Places): Promise<void> {
  const { options, node, leaseMs } = places;
  if (!(await renewEdgeLease(options.redis, node, leaseMs))) await beginNextLease(places);
  const users = [...places.stale];
  places.stale.clear();
  for (let at = 0; at < users.length; at += WRITTEN_AT_ONCE) {
    await Promise.all(users.slice(at, at + WRITTEN_AT_ONCE).map((user) => change(places, user)));
  }
}

function renewRegularly(places: Places): NodeJS.Timeout {
  let renewing = false;
  const timer = setInterval(() => {
    if (renewing) return;
    renewing = true;
    void renew(places)
      .catch(places.options.onError)
      .finally(() => (renewing = false));
  }, places.leaseMs / 3);
  return timer.unref();
}

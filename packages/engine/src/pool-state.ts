/** A request for a connection, made by an engine call. `ticket`: the number by which the caller knows the request. */
export interface PoolRequest {
  readonly ticket: number;
  /**
   * The user of the call. A connection that has served one user may serve another only under the conditions of {@link
   * stepPool}.
   */
  readonly affinity: string;
  readonly uniqueId: string;
  /** Whether the call waits for an existing connection, because a new one was late or refused. */
  readonly reuseOnly?: boolean;
}

/** The limits of a pool. Times are in ms. */
export interface PoolRule {
  /** How many connections may exist at a time. */
  readonly connections: number;
  /**
   * For how many ms after a reply its connection may serve only the same user: a late frame of the reply then reaches
   * no other user.
   */
  readonly restMs: number;
  /** For how many ms an unused connection is kept. */
  readonly idleMs: number;
  readonly maxWaiting: number;
  /**
   * A connection is closed after asks with this many different ids. So the number of ids that are kept for it is
   * bounded.
   */
  readonly maxServed: number;
  /** After a request has waited for this many ms, later requests may not overtake it any more. */
  readonly patienceMs: number;
}

interface Member {
  readonly socket: number;
  readonly busy: boolean;
  /** When the connection was last released, or else when its opening began, by the pool's clock in ms. */
  readonly since: number;
  /** The user of the connection's last ask. */
  readonly last: string;
  /** The only user that the connection has served; undefined if it has served several users. */
  readonly owner: string | undefined;
  /**
   * Every `unique_id` that was used on the connection, and the user of that ask. The map is changed in place, because
   * copying it for each ask cost 6 % of a worker's time. So only the newest state may be passed to `stepPool`.
   */
  readonly served: Map<string, string>;
  /** Whether every frame on the connection so far had the `unique_id` of its ask. */
  readonly echoes: boolean;
}

type Waiting = PoolRequest & { readonly since: number };

/**
 * All connections to one engine, beginning with the one that was unused for longest; and the waiting requests in order
 * of arrival.
 */
export interface PoolState {
  readonly members: readonly Member[];
  readonly waiting: readonly Waiting[];
  readonly nextSocket: number;
  readonly closed: boolean;
}

export type PoolInput =
  | { kind: "request"; request: PoolRequest }
  /** The caller no longer wants a connection. This is ignored when the request has got one already. */
  | { kind: "withdrawn"; ticket: number }
  | { kind: "released"; socket: number; echoed: boolean }
  /** The connection was discarded, broke, or could not be opened. */
  | { kind: "gone"; socket: number }
  | { kind: "tick" }
  | { kind: "closed" };

export type PoolAction =
  /**
   * Give this open connection to the call. `mustEcho`: the connection has served other users, so a frame without the
   * ask's `unique_id` may be theirs and must be refused.
   */
  | { do: "assign"; ticket: number; socket: number; mustEcho: boolean }
  /** Open a new connection for the call. It counts as busy from now on. */
  | { do: "connect"; ticket: number; socket: number }
  | { do: "end"; socket: number }
  | { do: "refuse"; ticket: number; why: "full" | "stopped" };

export interface PoolStep {
  readonly state: PoolState;
  readonly actions: readonly PoolAction[];
}

export const EMPTY_POOL: PoolState = { members: [], waiting: [], nextSocket: 1, closed: false };

/**
 * Decides which request gets which connection. Pure. `now`: ms of any clock that never goes back.
 *
 * A late frame of one user's ask must never count as a reply to another user. So a connection may serve another user
 * only if every frame on it had its ask's `unique_id`, and no other user had an ask with the new ask's id on it. From
 * then on, a frame without that id is refused. A connection that may not serve other users is closed when its place is
 * needed.
 */
export function stepPool(state: PoolState, input: PoolInput, now: number, rule: PoolRule): PoolStep {
  switch (input.kind) {
    case "request": {
      const { request } = input;
      if (state.closed) return refuse(state, request.ticket, "stopped");
      if (state.waiting.length >= rule.maxWaiting) return refuse(state, request.ticket, "full");
      return assign(
        { state: { ...state, waiting: [...state.waiting, { ...request, since: now }] }, actions: [] },
        now,
        rule,
      );
    }
    case "withdrawn": {
      const waiting = state.waiting.filter(({ ticket }) => ticket !== input.ticket);
      return assign({ state: { ...state, waiting }, actions: [] }, now, rule);
    }
    case "released":
      return assign(release(state, input, now, rule), now, rule);
    case "gone":
      return assign({ state: without(state, input.socket), actions: [] }, now, rule);
    case "tick":
      return assign(endIdle(state, now, rule), now, rule);
    case "closed":
      return close(state);
  }
}

/** Returns when a `tick` can next change anything, by the clock of `now`; undefined when only another input can. */
export function nextTick({ members, waiting }: PoolState, now: number, rule: PoolRule): number | undefined {
  const longestUnused = members.find(({ busy }) => !busy);
  if (!longestUnused) return undefined;
  const resting =
    waiting.length > 0 ? members.find(({ busy, since }) => !busy && now - since < rule.restMs) : undefined;
  return Math.min(longestUnused.since + rule.idleMs, resting ? resting.since + rule.restMs : Infinity);
}

function refuse(state: PoolState, ticket: number, why: "full" | "stopped"): PoolStep {
  return { state, actions: [{ do: "refuse", ticket, why }] };
}

function close(state: PoolState): PoolStep {
  const ends: PoolAction[] = state.members.map(({ socket }) => ({ do: "end", socket }));
  const refusals: PoolAction[] = state.waiting.map(({ ticket }) => ({ do: "refuse", ticket, why: "stopped" }));
  return { state: { ...state, members: [], waiting: [], closed: true }, actions: [...ends, ...refusals] };
}

function without(state: PoolState, socket: number): PoolState {
  const at = state.members.findIndex((member) => member.socket === socket);
  return at < 0 ? state : { ...state, members: state.members.toSpliced(at, 1) };
}

function endIdle(state: PoolState, now: number, rule: PoolRule): PoolStep {
  const old = state.members.filter(({ busy, since }) => !busy && now - since >= rule.idleMs);
  return {
    state: old.reduce((left, { socket }) => without(left, socket), state),
    actions: old.map(({ socket }) => ({ do: "end", socket })),
  };
}

function release(
  state: PoolState,
  { socket, echoed }: { socket: number; echoed: boolean },
  now: number,
  rule: PoolRule,
): PoolStep {
  const member = state.members.find((one) => one.socket === socket);
  if (!member) return { state, actions: [] };
  const rest = without(state, socket);
  if (member.served.size >= rule.maxServed) return { state: rest, actions: [{ do: "end", socket }] };
  const released: Member = { ...member, busy: false, since: now, echoes: member.echoes && echoed };
  // The released connection goes to the end of the list, because the list begins with the one that is unused for
  // longest.
  return { state: { ...rest, members: [...rest.members, released] }, actions: [] };
}

/**
 * Gives free connections to the waiting requests, in order of arrival. A request that cannot use any of them lets later
 * ones pass, until it has waited for `patienceMs`.
 */
function assign(from: PoolStep, now: number, rule: PoolRule): PoolStep {
  let { state } = from;
  const actions = [...from.actions];
  for (const request of from.state.waiting) {
    const step = assignOne(state, request, now, rule);
    if (step) {
      state = step.state;
      actions.push(...step.actions);
    } else if (isFullyBusy(state, rule) || (!request.reuseOnly && now - request.since > rule.patienceMs)) {
      break;
    }
  }
  return { state, actions };
}

function isFullyBusy({ members }: PoolState, { connections }: PoolRule): boolean {
  return members.length >= connections && members.every(({ busy }) => busy);
}

function assignOne(state: PoolState, request: Waiting, now: number, rule: PoolRule): PoolStep | undefined {
  const rest = { ...state, waiting: state.waiting.filter((one) => one !== request) };
  return reuse(rest, request, now, rule) ?? (request.reuseOnly ? undefined : connect(rest, request, now, rule));
}

/**
 * Uses a free connection that is safe (see {@link isSafe}): one whose last ask was of the same user; otherwise, of
 * those that were released at least `restMs` ago, the one that is unused for longest.
 */
function reuse(state: PoolState, request: PoolRequest, now: number, rule: PoolRule): PoolStep | undefined {
  const { members } = state;
  const { ticket, affinity, uniqueId } = request;
  // The cheap conditions come first, because there may be hundreds of connections.
  const own = members.findLastIndex((one) => one.last === affinity && !one.busy && isSafe(one, request));
  const at =
    own >= 0 ? own : members.findIndex((one) => !one.busy && now - one.since >= rule.restMs && isSafe(one, request));
  const member = members[at];
  if (!member) return undefined;
  const mustEcho = member.owner !== affinity;
  const assigned: Member = {
    ...member,
    busy: true,
    last: affinity,
    owner: mustEcho ? undefined : member.owner,
    served: member.served.set(uniqueId, affinity),
  };
  return {
    state: { ...state, members: members.with(at, assigned) },
    actions: [{ do: "assign", ticket, socket: member.socket, mustEcho }],
  };
}

/**
 * Opens a connection. If as many connections exist as are permitted, first closes a free one that this request cannot
 * use.
 */
function connect(state: PoolState, request: PoolRequest, now: number, rule: PoolRule): PoolStep | undefined {
  const full = state.members.length >= rule.connections;
  const replaced = full ? state.members.find((member) => !member.busy && !isSafe(member, request)) : undefined;
  if (full && !replaced) return undefined;
  const kept = replaced ? without(state, replaced.socket) : state;
  const { ticket, affinity, uniqueId } = request;
  const socket = state.nextSocket;
  const member: Member = {
    socket,
    busy: true,
    since: now,
    last: affinity,
    owner: affinity,
    served: new Map([[uniqueId, affinity]]),
    echoes: true,
  };
  return {
    state: { ...kept, nextSocket: socket + 1, members: [...kept.members, member] },
    actions: [
      ...(replaced ? [{ do: "end", socket: replaced.socket } as const] : []),
      { do: "connect", ticket, socket },
    ],
  };
}

/** Whether no late frame of another user's ask could count as a reply to this request. */
function isSafe(member: Member, { affinity, uniqueId }: PoolRequest): boolean {
  if (member.owner === affinity) return true;
  const user = member.served.get(uniqueId);
  return member.echoes && (user === undefined || user === affinity);
}

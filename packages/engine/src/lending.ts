/** Who wants a connection, and for what. `ticket` is the caller's own number for this wish. */
export interface Wish {
  readonly ticket: number;
  readonly affinity: string;
  readonly uniqueId: string;
}

export interface LendingRule {
  /** Most sockets at a time. */
  readonly connections: number;
  /** How long after a reply a connection serves nobody but the same user. */
  readonly restMs: number;
  /** How long an unused connection is kept. */
  readonly idleMs: number;
  readonly maxWaiting: number;
  /** Asks after which a connection is replaced: what it has served is remembered. */
  readonly maxServed: number;
  /** After this long in the queue nobody may overtake. */
  readonly patienceMs: number;
}

interface Member {
  readonly socket: number;
  readonly busy: boolean;
  /** When it was last given back. */
  readonly since: number;
  /** Whom it served last. */
  readonly last: string;
  /** The only user it ever served; undefined: several. */
  readonly owner: string | undefined;
  /** Every `unique_id` it was used with, and whose ask that was. */
  readonly served: ReadonlyMap<string, string>;
  /** Every frame so far carried its ask's `unique_id`. */
  readonly echoes: boolean;
}

/** All connections to one engine and everybody who waits for one, in order of asking. */
export interface Lending {
  readonly members: readonly Member[];
  readonly waiting: ReadonlyArray<Wish & { readonly since: number }>;
  readonly nextSocket: number;
  readonly closed: boolean;
}

export type LendingInput =
  | { kind: "wish"; wish: Wish }
  /** The caller does not want it any more; nothing happens when it has it already. */
  | { kind: "withdrawn"; ticket: number }
  | { kind: "returned"; socket: number; echoed: boolean }
  /** Thrown away, broken, or never opened. */
  | { kind: "gone"; socket: number }
  | { kind: "tick" }
  | { kind: "closed" };

export type LendingAction =
  /** `mustEcho`: others have used it, so a frame without the ask's `unique_id` may be theirs. */
  | { do: "lend"; ticket: number; socket: number; mustEcho: boolean }
  /** Open a new one; it is lent from now on. */
  | { do: "connect"; ticket: number; socket: number }
  | { do: "end"; socket: number }
  | { do: "refuse"; ticket: number; why: "full" | "closed" };

export interface LendingStep {
  readonly lending: Lending;
  readonly actions: readonly LendingAction[];
}

export const NO_LENDING: Lending = { members: [], waiting: [], nextSocket: 1, closed: false };

/**
 * Who gets which connection; pure. A late frame of one user's ask never counts as another's reply: a connection goes
 * from one user to another only when the engine has put the ask's `unique_id` on every frame so far and the new ask
 * has an id of its own, and from then on a frame without it is refused. Else it stays with its user, and gives way to a
 * new connection when there is no room for one.
 */
export function lend(lending: Lending, input: LendingInput, now: number, rule: LendingRule): LendingStep {
  switch (input.kind) {
    case "wish": {
      if (lending.closed) return refuse(lending, input.wish.ticket, "closed");
      if (lending.waiting.length >= rule.maxWaiting) return refuse(lending, input.wish.ticket, "full");
      return serve({ ...lending, waiting: [...lending.waiting, { ...input.wish, since: now }] }, now, rule);
    }
    case "withdrawn":
      return serve({ ...lending, waiting: lending.waiting.filter(({ ticket }) => ticket !== input.ticket) }, now, rule);
    case "returned":
      return returned(lending, input.socket, input.echoed, now, rule);
    case "gone":
      return serve(without(lending, input.socket), now, rule);
    case "tick": {
      const old = lending.members.filter(({ busy, since }) => !busy && now - since >= rule.idleMs);
      const kept = old.reduce((left, { socket }) => without(left, socket), lending);
      return serve(
        kept,
        now,
        rule,
        old.map(({ socket }) => ({ do: "end", socket })),
      );
    }
    case "closed": {
      const ends: LendingAction[] = lending.members.map(({ socket }) => ({ do: "end", socket }));
      const refusals: LendingAction[] = lending.waiting.map(({ ticket }) => ({ do: "refuse", ticket, why: "closed" }));
      return { lending: { ...lending, members: [], waiting: [], closed: true }, actions: [...ends, ...refusals] };
    }
  }
}

/** When a `tick` can next change anything, by the same clock as `now`; undefined: not before another input. */
export function nextTick({ members, waiting }: Lending, now: number, rule: LendingRule): number | undefined {
  // Those who are free stand in the order of their coming back: the first is the longest unused.
  const first = members.find(({ busy }) => !busy);
  if (!first) return undefined;
  const resting =
    waiting.length > 0 ? members.find(({ busy, since }) => !busy && now - since < rule.restMs) : undefined;
  return Math.min(first.since + rule.idleMs, resting ? resting.since + rule.restMs : Infinity);
}

function refuse(lending: Lending, ticket: number, why: "full" | "closed"): LendingStep {
  return { lending, actions: [{ do: "refuse", ticket, why }] };
}

function without(lending: Lending, socket: number): Lending {
  const at = lending.members.findIndex((member) => member.socket === socket);
  return at < 0 ? lending : { ...lending, members: lending.members.toSpliced(at, 1) };
}

function returned(lending: Lending, socket: number, echoed: boolean, now: number, rule: LendingRule): LendingStep {
  const member = lending.members.find((one) => one.socket === socket);
  if (!member) return { lending, actions: [] };
  if (member.served.size >= rule.maxServed) return serve(without(lending, socket), now, rule, [{ do: "end", socket }]);
  const back: Member = { ...member, busy: false, since: now, echoes: member.echoes && echoed };
  // Last in the list: the longest unused comes first.
  return serve({ ...lending, members: [...without(lending, socket).members, back] }, now, rule);
}

/** Gives what is free to who waits, in order; one who cannot have anything lets others pass, for a while. */
function serve(from: Lending, now: number, rule: LendingRule, before: readonly LendingAction[] = []): LendingStep {
  const actions = [...before];
  let lending = from;
  for (const wish of from.waiting) {
    const next = serveOne(lending, wish, now, rule, actions);
    if (next) lending = next;
    else if (isHopeless(lending, rule) || now - wish.since > rule.patienceMs) break;
  }
  return { lending, actions };
}

function isHopeless({ members }: Lending, { connections }: LendingRule): boolean {
  return members.length >= connections && members.every(({ busy }) => busy);
}

function serveOne(
  lending: Lending,
  wish: Wish & { since: number },
  now: number,
  rule: LendingRule,
  actions: LendingAction[],
): Lending | undefined {
  const { members } = lending;
  const waiting = lending.waiting.filter((one) => one !== wish);
  // What is cheap to see comes first: there may be hundreds.
  const own = members.findLastIndex((one) => one.last === wish.affinity && !one.busy && isSafe(one, wish));
  const at =
    own >= 0 ? own : members.findIndex((one) => !one.busy && now - one.since >= rule.restMs && isSafe(one, wish));
  const one = members[at];
  if (one) {
    const mustEcho = one.owner !== wish.affinity;
    actions.push({ do: "lend", ticket: wish.ticket, socket: one.socket, mustEcho });
    const taken = {
      ...one,
      busy: true,
      last: wish.affinity,
      owner: mustEcho ? undefined : one.owner,
      served: new Map(one.served).set(wish.uniqueId, wish.affinity),
    };
    return { ...lending, waiting, members: members.with(at, taken) };
  }
  let room = lending;
  if (lending.members.length >= rule.connections) {
    const useless = lending.members.find((member) => !member.busy && !isSafe(member, wish));
    if (!useless) return undefined;
    actions.push({ do: "end", socket: useless.socket });
    room = without(lending, useless.socket);
  }
  const socket = lending.nextSocket;
  actions.push({ do: "connect", ticket: wish.ticket, socket });
  const { affinity, uniqueId } = wish;
  const member: Member = {
    socket,
    busy: true,
    since: now,
    last: affinity,
    owner: affinity,
    served: new Map([[uniqueId, affinity]]),
    echoes: true,
  };
  return { ...room, waiting, nextSocket: socket + 1, members: [...room.members, member] };
}

/** Whether no frame of an earlier ask of somebody else could be taken for a reply to this one. */
function isSafe(member: Member, { affinity, uniqueId }: Wish): boolean {
  if (member.owner === affinity) return true;
  const user = member.served.get(uniqueId);
  return member.echoes && (user === undefined || user === affinity);
}

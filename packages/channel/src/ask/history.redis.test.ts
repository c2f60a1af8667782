import { isTerminal, type Event, type EventBody, type Terminal } from "@docrelay/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  append,
  begin,
  cancel,
  checkAsk,
  countUnfinished,
  finish,
  handBack,
  newNonce,
  newOwner,
  openLog,
  park,
  take,
  workerOf,
  type TakenAsk,
} from "../index.ts";
import { mailKey, recordKey } from "../redis/keys.ts";

const channel = useChannel();

/** A worker that may stop at any step and continue at any later step. It knows only its own fields. */
interface Worker {
  readonly name: string;
  ask?: TakenAsk;
  owner: string;
  attempt: number;
  n: number;
}
/** What the random steps of a run have reported so far. At the end, the log must agree with it. */
interface Known {
  readonly accepted: Set<string>;
  /** By ask: the terminal event that a step of the store has reported as written. */
  readonly ended: Map<string, Terminal>;
}

const step = fc.constantFrom(
  "ask",
  "take",
  "take from the dead",
  "begin",
  "append",
  "append",
  "append again",
  "finish cancelled",
  "complete",
  "complete with its last events",
  "park",
  "hand back",
  "cancel",
  "check",
  "forget",
);
const steps = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 4 })), {
  minLength: 5,
  maxLength: 60,
  size: "max",
});

describe("any history of any steps by three workers, some of them declared dead", () => {
  it("keeps the log whole: every accepted ask, contiguous, one end per ask, one attempt's text at a time, in order", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        await channel.store.redis.flushall();
        const known: Known = { accepted: new Set(), ended: new Map() };
        const workers = Array.from({ length: 3 }, (_, index) => newWorker(`worker-${index}`));
        for (const [what, who, which] of [["ask", 0, 0] as const, ...history]) {
          const worker = workers[who];
          if (worker) await play(what, worker, `ask-${which}`, known);
        }
        await finishAll(known);
        const log = await openLog(channel.store, channel.user, CONVERSATION);
        check(log.kind === "opened" ? log.events : [], known);
        expect(await countUnfinished(channel.store)).toEqual({ sum: 0, shards: [], isWhole: true });
      }),
      { numRuns: 60 },
    );
  });
});

const newWorker = (name: string): Worker => ({ name, owner: "", attempt: 0, n: 0 });

/** Ends the asks that the random steps of a run have left unfinished. The three `ways` of ending are used in turn. */
async function finishAll(known: Known): Promise<void> {
  const ways = ["complete", "complete with its last events", "finish cancelled"];
  for (let left = 0; left < 10; left++) {
    const worker = newWorker("the last");
    await play("take from the dead", worker, "ask-0", known);
    await play("begin", worker, "", known);
    await play("append", worker, "", known);
    await play(ways[left % ways.length] ?? "", worker, "", known);
    // If the ask still has not ended, it was cancelled or has used up its attempts, so it is ended as cancelled.
    if (worker.ask) await end(worker.ask, "any", { end: { type: "cancelled", text: "" }, before: [] }, known);
  }
}

const delta = (attempt: number, n: number) => ({ type: "delta", text: `${attempt}.${n} ` }) as const;
const textOf = (attempt: number, n: number): string =>
  Array.from({ length: n }, (_, index) => delta(attempt, index + 1).text).join("");

async function end(
  ask: TakenAsk,
  at: { attempt: number; n: number } | "any",
  ending: { end: EventBody<Terminal>; before: EventBody[] },
  known: Known,
): Promise<void> {
  const { kind } = await finish(channel.store, ask, at, { ...ending, nonce: newNonce() });
  if (kind === "finished") known.ended.set(ask.id, ending.end.type);
}

async function play(what: string, worker: Worker, id: string, known: Known): Promise<void> {
  const { store, user } = channel;
  if (what === "ask") {
    const { kind } = await channel.ask(id);
    if (kind === "accepted") known.accepted.add(id);
    return;
  }
  if (what === "cancel") {
    const { kind } = await cancel(store, { user, conversation: CONVERSATION, id, nonce: newNonce() });
    if (kind === "cancelled") known.ended.set(id, "cancelled");
    return;
  }
  if (what.startsWith("take")) {
    const holder = await holderOfHead();
    worker.owner = newOwner(worker.name);
    const voided = what === "take" ? "" : holder;
    const taken = await take(store, channel.at, worker.owner, { maxAttempts: id.endsWith("0") ? 3 : 0, voided });
    // A running ask is given only to the worker that runs it, or to a `take` whose `voided` is the token of its owner.
    const isFree = holder === "" || holder === voided || workerOf(holder) === worker.name;
    if (isFree) expect(taken.kind).not.toBe("held");
    else expect(taken).toEqual({ kind: "held", owner: holder });
    if (taken.kind === "taken") Object.assign(worker, { ask: taken.ask, attempt: taken.ask.attempt, n: taken.ask.n });
    return;
  }
  const { ask, owner, attempt, n } = worker;
  if (!ask) return;
  if (what === "begin") {
    const begun = await begin(store, ask, owner, 3);
    if (begun.kind === "begun" && begun.attempt !== attempt) Object.assign(worker, { attempt: begun.attempt, n: 0 });
  } else if (what === "append" && attempt > 0) {
    // Writes one event if `n` is even, and two if it is odd.
    const events = Array.from({ length: 1 + (n % 2) }, (_, index) => delta(attempt, n + 1 + index));
    const { kind } = await append(store, ask, { attempt, n: n + 1 }, { events, nonce: newNonce() });
    if (kind === "written" || kind === "done") worker.n += events.length;
  } else if (what === "append again" && n > 0 && attempt > 0) {
    const events = [{ type: "delta", text: "again" } as const];
    await append(store, ask, { attempt, n }, { events, nonce: newNonce() });
  } else if (what === "finish cancelled") {
    await end(ask, { attempt, n: n + 1 }, { end: { type: "cancelled", text: "" }, before: [] }, known);
  } else if (what.startsWith("complete") && attempt > 0) {
    const before = what === "complete" ? [] : [delta(attempt, n + 1), delta(attempt, n + 2)];
    const timings = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
    const completed = { type: "completed", text: textOf(attempt, n + before.length), timings } as const;
    await end(ask, { attempt, n: n + 1 }, { end: completed, before }, known);
  } else if (what === "park") await park(store, ask, owner);
  else if (what === "hand back") await handBack(store, ask, owner);
  else if (what === "check") await checkAsk(store, ask.address);
  else if (what === "forget") delete worker.ask;
}

/** Returns the owner of the ask at the head of the mailbox; an empty text if no worker runs the ask. */
async function holderOfHead(): Promise<string> {
  const { redis } = channel.store;
  const a = await redis.lindex(mailKey(channel.at), 0);
  const [state, owner] = a === null ? [] : await redis.hmget(recordKey({ ...channel.at, a }), "state", "owner");
  return state === "running" ? String(owner) : "";
}

function check(events: Event[], { accepted, ended }: Known): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const ids = [...new Set(events.map(({ ask }) => ask))];
  expect(accepted).toContain("ask-0");
  expect(ids).toEqual([...accepted]);
  expect([...ended.keys()].toSorted()).toEqual(ids.toSorted());
  const order: string[] = [];
  for (const id of ids) {
    const own = events.filter(({ ask }) => ask === id);
    expect(own[0]?.type).toBe("accepted");
    expect(own.filter(isTerminal).map(({ type }) => type)).toEqual([ended.get(id)]);
    expect(own.findIndex(isTerminal)).toBe(own.length - 1);
    const attempts = own.map(({ attempt }) => attempt);
    expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
    for (const attempt of new Set(attempts)) {
      const texts = own.flatMap((event) => (event.type === "delta" && event.attempt === attempt ? [event.text] : []));
      expect(texts).toEqual(texts.map((_, index) => delta(attempt, index + 1).text));
      const completed = own.find((event) => event.type === "completed" && event.attempt === attempt);
      if (completed) expect(completed).toHaveProperty("text", texts.join(""));
    }
  }
  // Asks of a conversation run one at a time and in order, so the events of their engine calls (attempt 1 and later)
  // are not mixed.
  for (const event of events) if (event.attempt > 0 && order.at(-1) !== event.ask) order.push(event.ask);
  expect(order).toEqual(ids.filter((id) => order.includes(id)));
}

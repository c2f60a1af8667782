import { isTerminal, type Event } from "@docrelay/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  append,
  begin,
  cancel,
  countUnfinished,
  finish,
  handBack,
  look,
  newNonce,
  newOwner,
  openLog,
  park,
  take,
  type TakenAsk,
} from "../index.ts";

const channel = useChannel();

/** A worker that may stop at any step and come back at any later one: what it still holds is all it knows. */
interface Holder {
  ask?: TakenAsk;
  owner: string;
  attempt: number;
  n: number;
}

const step = fc.constantFrom(
  "ask",
  "take",
  "begin",
  "append",
  "append",
  "append again",
  "finish",
  "park",
  "hand back",
  "cancel",
  "sweep",
  "forget",
);
const steps = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 4 })), {
  minLength: 5,
  maxLength: 60,
});

describe("any history of any steps by three workers, dead and undead", () => {
  it("keeps the log whole: contiguous, one end per ask, one attempt's text at a time, in order", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        await channel.store.redis.flushall();
        const holders: Holder[] = Array.from({ length: 3 }, () => ({ owner: "", attempt: 0, n: 0 }));
        for (const [what, who, which] of history) {
          const holder = holders[who];
          if (holder) await play(what, holder, `ask-${which}`);
        }
        // Whatever is left ends by the sweeper, as it would at the deadline.
        for (let left = 0; left < 10; left++) {
          const taken = await take(channel.store, channel.at, newOwner());
          if (taken.kind === "taken")
            await finish(channel.store, taken.ask, "any", { type: "cancelled", text: "" }, newNonce());
        }
        const log = await openLog(channel.store, channel.user, CONVERSATION);
        check(log.kind === "opened" ? log.events : []);
        expect(await countUnfinished(channel.store)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

async function play(what: string, holder: Holder, id: string): Promise<void> {
  const { store } = channel;
  if (what === "ask") return void (await channel.ask(id));
  if (what === "cancel") return void (await cancel(store, channel.user, CONVERSATION, id, newNonce()));
  if (what === "take") {
    holder.owner = newOwner();
    const taken = await take(store, channel.at, holder.owner, id.endsWith("0") ? 3 : 0);
    if (taken.kind === "taken") Object.assign(holder, { ask: taken.ask, attempt: taken.ask.attempt, n: taken.ask.n });
    return;
  }
  const { ask, owner } = holder;
  if (!ask) return;
  if (what === "begin") {
    const begun = await begin(store, ask, owner, 3);
    if (begun.kind === "begun") Object.assign(holder, { attempt: begun.attempt, n: 0 });
  } else if (what === "append" && holder.attempt > 0) {
    // One event or two together, in turns.
    const events = Array.from({ length: 1 + (holder.n % 2) }, (_, index) => {
      return { type: "delta", text: `${holder.attempt}.${holder.n + 1 + index} ` } as const;
    });
    const at = { attempt: holder.attempt, n: holder.n + 1 };
    const answer = await append(store, ask, at, events, newNonce());
    if (answer.kind === "written" || answer.kind === "done") holder.n += events.length;
  } else if (what === "append again" && holder.n > 0 && holder.attempt > 0) {
    await append(store, ask, { attempt: holder.attempt, n: holder.n }, [{ type: "delta", text: "again" }], newNonce());
  } else if (what === "finish") {
    await finish(store, ask, { attempt: holder.attempt, n: holder.n + 1 }, { type: "cancelled", text: "" }, newNonce());
  } else if (what === "park") await park(store, ask, owner);
  else if (what === "hand back") await handBack(store, ask, owner);
  else if (what === "sweep") await look(store, ask.address);
  else if (what === "forget") delete holder.ask;
}

function check(events: Event[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  const ids = new Set(events.map(({ ask }) => ask));
  const order: string[] = [];
  for (const id of ids) {
    const own = events.filter(({ ask }) => ask === id);
    expect(own[0]?.type).toBe("accepted");
    expect(own.filter(isTerminal)).toHaveLength(1);
    expect(own.findIndex(isTerminal)).toBe(own.length - 1);
    const attempts = own.map(({ attempt }) => attempt);
    expect(attempts).toEqual(attempts.toSorted((a, b) => a - b));
    for (const attempt of new Set(attempts)) {
      const deltas = own.flatMap((event) => (event.type === "delta" && event.attempt === attempt ? [event.text] : []));
      expect(deltas).toEqual(deltas.map((_, index) => `${attempt}.${index + 1} `));
    }
  }
  // One at a time, first in first out: once an ask has an engine's word, no earlier one has more to say.
  for (const event of events) if (event.attempt > 0 && order.at(-1) !== event.ask) order.push(event.ask);
  expect(order).toEqual([...ids].filter((id) => order.includes(id)));
}

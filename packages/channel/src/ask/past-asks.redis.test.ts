import type { EventBody, Terminal } from "@docrelay/protocol";
import { expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { append, finish, pastAsks, type PastAsk, type TakenAsk } from "../index.ts";
import { logKey } from "../redis/keys.ts";

const channel = useChannel();
const TIMINGS = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
const completed = (text: string): EventBody<"completed"> => ({ type: "completed", text, timings: TIMINGS });

/** Ends the ask at the head; `between` happens while its answer is written. */
async function answer(
  end: EventBody<Terminal>,
  between: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { ask, attempt } = await channel.begun();
  const nonce = `${ask.id}-${attempt}`;
  await append(
    channel.store,
    ask,
    { attempt, n: 1 },
    { events: [{ type: "delta", text: '"type":"completed"' }], nonce },
  );
  await between();
  await finish(channel.store, ask, { attempt, n: 2 }, { end, nonce: `${nonce}-end` });
}

async function past(ask: TakenAsk, most = Number.POSITIVE_INFINITY): Promise<PastAsk[]> {
  const all: PastAsk[] = [];
  for await (const one of pastAsks(channel.store, ask)) if (all.push(one) >= most) break;
  return all;
}

it("returns the completed asks before an ask, newest first, with the names of their files", async () => {
  await channel.ask("one");
  await answer(completed("first answer"));
  await channel.ask("stopped");
  await answer({ type: "cancelled", text: "half" });
  await channel.ask("two");
  // The third ask is accepted while the second is being answered; so is a fourth, which is no part of the past.
  await answer(completed("second answer"), async () => {
    await channel.ask("three");
    await channel.ask("four");
  });
  const { ask } = await channel.taken();
  expect(ask.id).toBe("three");
  const [two, one, ...rest] = await past(ask);
  expect([two?.text, one?.text, rest]).toEqual(["second answer", "first answer", []]);
  expect(one).toMatchObject({ message: expect.any(String), files: expect.any(Array) });
});

it("leaves out an ask that another one replaces", async () => {
  for (const id of ["one", "two"]) {
    await channel.ask(id);
    await answer(completed(`answer ${id}`));
  }
  await channel.ask("three");
  const { ask } = await channel.taken();
  const key = logKey(channel.at);
  const entries = await channel.store.redis.xrange(key, "-", "+");
  await channel.store.redis.del(key);
  for (const [id, [field = "", json = ""]] of entries) {
    const event = JSON.parse(json) as { type: string; ask: string };
    const written = event.type === "accepted" && event.ask === "three" ? { ...event, replaces: "one" } : event;
    await channel.store.redis.xadd(key, id, field, JSON.stringify(written));
  }
  expect((await past(ask)).map(({ text }) => text)).toEqual(["answer two"]);
});

it("reads no more of a long log than its caller wants, and nothing for the first ask", async () => {
  await channel.ask("one");
  const first = await channel.taken();
  let reads = 0;
  const { redis } = channel.store;
  const counting = new Proxy(redis, {
    get(target, name: keyof typeof redis) {
      if (name === "xrevrange") reads++;
      const value = target[name] as unknown;
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  for await (const _ of pastAsks({ ...channel.store, redis: counting }, first.ask)) expect.unreachable();
  expect(reads).toBe(0);
  await answer(completed("0"));
  for (let index = 1; index < 120; index++) {
    await channel.ask(`ask-${index}`);
    await answer(completed(String(index)));
  }
  await channel.ask("last");
  const { ask } = await channel.taken();
  for await (const { text } of pastAsks({ ...channel.store, redis: counting }, ask)) if (text === "119") break;
  expect(reads).toBe(1);
  expect((await past(ask)).map(({ text }) => text)).toEqual(
    Array.from({ length: 120 }, (_, index) => String(119 - index)),
  );
});

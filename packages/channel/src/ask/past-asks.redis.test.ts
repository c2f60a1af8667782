import type { EventBody, Terminal } from "@docrelay/protocol";
import { expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { append, finish, pastAsks, type PastAsk, type TakenAsk } from "../index.ts";
import { logKey } from "../redis/keys.ts";

const channel = useChannel();
const TIMINGS = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
const completed = (text: string): EventBody<"completed"> => ({ type: "completed", text, timings: TIMINGS });

/** Answers the ask at the head of the mailbox with `end`. `between` runs while the answer is written. */
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
  // The third ask and a fourth one are accepted while the second is being answered. The fourth is not a past ask of the
  // third.
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

it("leaves out an ask that another one replaces, which stands at its place", async () => {
  for (const [id, replaces] of [
    ["one"],
    ["two"],
    ["three"],
    ["two-b", "two"],
    ["one-b", "one"],
    ["two-c", "two-b"],
  ] as const) {
    await channel.ask(id, { replaces });
    await answer(completed(`answer ${id}`));
  }
  // Of an ask and the asks that replace it, only the newest counts. Here the newest is cancelled, so nothing is
  // returned for this question.
  await channel.ask("three-b", { replaces: "three" });
  await answer({ type: "cancelled", text: "" });
  await channel.ask("last");
  const { ask } = await channel.taken();
  expect((await past(ask)).map(({ text }) => text)).toEqual(["answer two-c", "answer one-b"]);
});

it("tells an ask that replaces another one what was before that one", async () => {
  for (const id of ["one", "two", "three"]) {
    await channel.ask(id);
    await answer(completed(`answer ${id}`));
  }
  await channel.ask("two-b", { replaces: "two" });
  await answer(completed("answer two-b"));
  await channel.ask("two-c", { replaces: "two-b" });
  const { ask } = await channel.taken();
  expect((await past(ask)).map(({ text }) => text)).toEqual(["answer one"]);
});

it("tells an ask whose replaced one is no longer kept", async () => {
  await channel.ask("one");
  await answer(completed("answer one"));
  await channel.ask("one-b", { replaces: "one" });
  await answer(completed("answer one-b"));
  await channel.ask("two");
  await channel.store.redis.xtrim(logKey(channel.at), "MINID", "4-0");
  const { ask } = await channel.taken();
  expect((await past(ask)).map(({ text }) => text)).toEqual(["answer one-b"]);
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

import { expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { addressOfAsk, append, cancel, lastEnds, lifeOfAsk } from "../index.ts";

const channel = useChannel();
const end = (id: string, store = channel.store) =>
  cancel(store, { user: channel.user, conversation: CONVERSATION, id, nonce: "end" });

it("tells the life of no ask whose beginning is no longer kept: what comes next is another ask's", async () => {
  const store = { ...channel.store, maxEvents: 4 };
  for (const id of ["old", "middle", "new"]) {
    await channel.ask(id, {}, store);
    await end(id, store);
  }
  const lifeOf = async (id: string) => {
    const at = await addressOfAsk(store, channel.user, id);
    return at && lifeOfAsk(store, at);
  };
  expect((await lifeOf("middle"))?.events).toMatchObject([
    { ask: "middle", type: "accepted" },
    { ask: "middle", type: "cancelled" },
  ]);
  expect(await lifeOf("old")).toBeUndefined();
});

it("finds the newest ends behind a long log", async () => {
  await channel.ask("long");
  const { ask, attempt } = await channel.begun();
  const delta = { type: "delta", text: '"type":"failed"' } as const;
  for (let n = 1; n <= 600; n += 100)
    await append(
      channel.store,
      ask,
      { attempt, n },
      { events: Array.from({ length: 100 }, () => delta), nonce: `${n}` },
    );
  await channel.ask("late");
  await end("late");
  await channel.ask("last");
  await end("last");
  const ends = await lastEnds(channel.store, { user: channel.user, conversation: CONVERSATION }, 9);
  expect(ends).toMatchObject([
    { ask: "last", type: "cancelled" },
    { ask: "late", type: "cancelled" },
  ]);
});

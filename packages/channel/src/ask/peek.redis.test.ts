import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { conversationAddress, finish, newNonce, park, peekHeads, take } from "../index.ts";

const channel = useChannel();

describe("peekHeads", () => {
  it("reads the head of each mailbox, with its user's ids, and changes nothing", async () => {
    await channel.ask("one");
    await channel.ask("two");
    const nobody = conversationAddress("nobody", "nothing");
    const [head, none] = await peekHeads(channel.store, [channel.at, nobody]);
    expect(head).toMatchObject({ conversation: CONVERSATION, id: "one", body: { message: "question one" } });
    expect(none).toBeUndefined();
    const { ask } = await channel.taken();
    expect(ask).toMatchObject({ id: "one", taken: 1 });
  });

  it("returns no ask that has ended", async () => {
    await channel.ask("one");
    const { ask } = await channel.taken();
    await finish(channel.store, ask, "any", { end: { type: "cancelled", text: "" }, nonce: newNonce() });
    expect(await peekHeads(channel.store, [channel.at])).toEqual([undefined]);
    expect(await peekHeads(channel.store, [])).toEqual([]);
  });
});

describe("waited", () => {
  it("is true only of an ask that was parked", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(ask.waited).toBe(false);
    await park(channel.store, ask, owner);
    const again = await take(channel.store, channel.at, "next");
    expect(again).toMatchObject({ kind: "taken", ask: { id: "one", waited: true } });
  });
});

import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { cancel, deleteConversation, giveFeedback, MAX_FEEDBACK, openLog } from "../index.ts";

const channel = useChannel();
const rate = (verdict: "up" | "down" | "none", { id = "one", user = channel.user, word }: Rated = {}) =>
  giveFeedback(
    channel.store,
    { user, conversation: CONVERSATION, id, nonce: `nonce of ${verdict}` },
    { verdict, ...(word !== undefined && { word }) },
  );
type Rated = { id?: string; user?: string; word?: string };
const end = async (id = "one") => {
  await channel.ask(id);
  await cancel(channel.store, { user: channel.user, conversation: CONVERSATION, id, nonce: "end" });
};
const events = async () => {
  const log = await openLog(channel.store, channel.user, CONVERSATION);
  return log.kind === "opened" ? log.events : [];
};

describe("feedback", () => {
  it("is an event of the log, after the end of its ask", async () => {
    await channel.ask("one");
    expect(await rate("up")).toBe("running");
    await cancel(channel.store, { user: channel.user, conversation: CONVERSATION, id: "one", nonce: "end" });
    expect(await rate("down", { word: "It misses page 3." })).toBe("written");
    expect(await rate("none")).toBe("written");
    expect((await events()).slice(2)).toMatchObject([
      { seq: 3, ask: "one", attempt: 0, type: "feedback", verdict: "down", word: "It misses page 3." },
      { seq: 4, ask: "one", type: "feedback", verdict: "none" },
    ]);
  });

  it("is taken for no ask of another user, of none, and of a conversation that was deleted", async () => {
    await end();
    expect(await rate("up", { id: "other" })).toBe("unknown");
    expect(await rate("up", { user: "another" })).toBe("unknown");
    await deleteConversation(channel.store, channel.user, CONVERSATION);
    expect(await rate("up")).toBe("unknown");
    expect(await events()).toEqual([]);
  });

  it("is taken only in the conversation of its ask", async () => {
    await end();
    await channel.ask("elsewhere", { conversation: "other" });
    const of = { user: channel.user, conversation: "other", id: "one", nonce: "n" };
    expect(await giveFeedback(channel.store, of, { verdict: "up" })).toBe("unknown");
    const log = await openLog(channel.store, channel.user, "other");
    expect(log).toMatchObject({ events: [{ type: "accepted", ask: "elsewhere" }] });
  });

  it("is changed a bounded number of times, and keeps nothing alive", async () => {
    await end();
    const { redis } = channel.store;
    const left = async () => Promise.all((await redis.keys("*")).map((key) => redis.pttl(key)));
    for (let n = 0; n < MAX_FEEDBACK; n++) expect(await rate("up")).toBe("written");
    expect(await rate("up")).toBe("many");
    expect((await left()).filter((ms) => ms === -1)).toEqual([]);
  });
});

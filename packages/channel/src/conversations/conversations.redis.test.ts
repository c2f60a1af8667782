import { expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  append,
  conversationAddress,
  deleteConversation,
  finish,
  listConversations,
  newNonce,
  openLog,
  renameConversation,
} from "../index.ts";

const channel = useChannel();
const timings = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
const file = (name: string) => ({ name, size: 1, sha256: "00", text: "t", ref: "r" });

async function list(by: { before?: number | string; limit?: number } = {}) {
  return listConversations(channel.store, channel.user, { limit: 100, ...by });
}
const ids = async (by = {}): Promise<string[]> => (await list(by)).conversations.map(({ id }) => id);
const everything = async (): Promise<string[]> => (await channel.store.redis.keys("*")).toSorted();
async function complete(conversation = CONVERSATION): Promise<void> {
  const { ask, attempt } = await channel.begun();
  expect(ask.conversation).toBe(conversation);
  const end = { type: "completed", text: "yes", timings } as const;
  await finish(channel.store, ask, { attempt, n: 1 }, { end, nonce: newNonce() });
}

it("lists a conversation with its first question, its files, its asks and when it expires", async () => {
  const body = {
    message: `  What  is\n${"x".repeat(300)}`,
    files: [file("a.pdf"), file("b.pdf")],
    origin: "socket",
  } as const;
  await channel.ask("one", { body });
  const [running] = (await list()).conversations;
  expect(running).toMatchObject({ id: CONVERSATION, asks: 1, files: ["a.pdf", "b.pdf"] });
  expect(running?.title).toBe(`What is ${"x".repeat(192)}`);
  expect(running?.expiresAt).toBeGreaterThan(Date.now() + 50_000);
  await channel.ask("two", { body: { message: "another", files: [file("b.pdf"), file("c%.pdf")], origin: "socket" } });
  await complete();
  await complete();
  const [kept] = (await list()).conversations;
  expect(kept).toMatchObject({ title: running?.title, asks: 2, files: ["a.pdf", "b.pdf", "c%.pdf"] });
  expect((kept?.expiresAt ?? 0) - (kept?.at ?? 0)).toBeLessThanOrEqual(channel.store.retentionMs + 10_000);
});

it("names a conversation without a question by its file", async () => {
  await channel.ask("one", { body: { message: " ", files: [file("a.pdf")], origin: "socket" } });
  expect((await list()).conversations[0]?.title).toBe("a.pdf");
});

it("lists the newest first, in pages, each conversation once, also where two are of one moment", async () => {
  const names = Array.from({ length: 7 }, (_, index) => `c${index}`);
  for (const conversation of names) await channel.ask(`of-${conversation}`, { conversation });
  await channel.ask("again", { conversation: "c2" });
  const all = (await list()).conversations;
  expect(all.map(({ id }) => id).toSorted()).toEqual(names);
  expect(all[0]?.id).toBe("c2");
  expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted((a, b) => b - a));
  const paged: string[] = [];
  for (let before: string | undefined; ; before = paged.at(-1)) {
    const page = await list({ limit: 2, ...(before !== undefined && { before }) });
    paged.push(...page.conversations.map(({ id }) => id));
    if (!page.more) break;
  }
  expect(paged).toEqual(all.map(({ id }) => id));
  expect(await ids({ before: all[0]?.at ?? 0 })).toEqual(
    all.filter(({ at }) => at < (all[0]?.at ?? 0)).map(({ id }) => id),
  );
  expect(await ids({ before: "unknown" })).toEqual([]);
});

it("keeps the new title", async () => {
  await channel.ask("one");
  expect(await renameConversation(channel.store, channel.user, { conversation: CONVERSATION, title: "Mine" })).toBe(
    "renamed",
  );
  await channel.ask("two");
  expect((await list()).conversations[0]?.title).toBe("Mine");
  const unknown = { conversation: "unknown", title: "x" };
  expect(await renameConversation(channel.store, channel.user, unknown)).toBe("unknown");
});

it("shows nothing of another user", async () => {
  await channel.ask("one");
  expect((await listConversations(channel.store, "another", { limit: 9 })).conversations).toEqual([]);
});

it("deletes everything of a conversation, ends its asks and tells their readers; another one stays", async () => {
  const { store, user, at } = channel;
  await channel.ask("other", { conversation: "other" });
  const before = await everything();
  const heard: string[] = [];
  const subscriber = channel.connect();
  subscriber.on("message", (_channel, message) => void heard.push(message));
  subscriber.on("smessage", (_channel, message) => void heard.push(message));
  await subscriber.subscribe("docrelay:cancel");
  await subscriber.ssubscribe(`socket.io#/#c:{${at.shard}}:${at.c}#`);
  for (const id of ["one", "two", "three"])
    await channel.ask(id, { body: { message: id, files: [file("a.pdf")], origin: "socket" } });
  const { ask, attempt } = await channel.begun();
  const deleted = await deleteConversation(store, user, CONVERSATION);
  expect(deleted).toMatchObject({ existed: true, address: conversationAddress(user, CONVERSATION) });
  expect(deleted.asks.flatMap(({ body }) => body.files)).toHaveLength(3);
  expect(await everything()).toEqual(before);
  expect(await ids()).toEqual(["other"]);
  expect(heard.filter((message) => message.includes('"type":"cancelled"'))).toHaveLength(3);
  expect(heard).toContain(`${at.u}/${ask.address.a}`);
  const write = { events: [{ type: "delta", text: "late" } as const], nonce: newNonce() };
  expect(await append(store, ask, { attempt, n: 1 }, write)).toMatchObject({ kind: "ended" });
  expect(await deleteConversation(store, user, CONVERSATION)).toMatchObject({ existed: false, asks: [] });
  expect(await everything()).toEqual(before);
});

it("begins anew after it was deleted", async () => {
  await channel.ask("one");
  await complete();
  await deleteConversation(channel.store, channel.user, CONVERSATION);
  expect(await channel.ask("one")).toEqual({ kind: "accepted", seq: 1, duplicate: false });
  expect(await openLog(channel.store, channel.user, CONVERSATION)).toMatchObject({ first: 1, head: { seq: 1 } });
});

it("has no place in the index for a conversation that is no longer kept, and the index expires", async () => {
  const key = `{${channel.at.shard}}:${channel.at.u}:convs`;
  const { redis } = channel.store;
  await redis.zadd(key, 1, "long-gone");
  await channel.ask("one");
  expect(await redis.zscore(key, "long-gone")).toBeNull();
  expect(await redis.zcard(key)).toBe(1);
  expect(await redis.pttl(key)).toBeGreaterThan(channel.store.retentionMs);
});

it("takes the place of a log whose counters are lost", async () => {
  await channel.ask("one");
  await complete();
  await channel.store.redis.del(`{${channel.at.shard}}:${channel.at.c}:meta`);
  await channel.ask("two");
  expect(await openLog(channel.store, channel.user, CONVERSATION)).toMatchObject({ events: [{ seq: 1, ask: "two" }] });
});

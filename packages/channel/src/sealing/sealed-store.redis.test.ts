import type { Event } from "@docrelay/protocol";
import { watchCommands } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  append,
  beginUpload,
  createBlobStore,
  createFanOut,
  createSealing,
  findAsk,
  listConversations,
  newNonce,
  newRef,
  openLog,
  pastAsks,
  readOutcome,
  readPassword,
  readSecret,
  readText,
  renameConversation,
  setPassword,
  writeText,
  accept,
  arrived,
  finish,
  take,
  newOwner,
  type AskBody,
  type Store,
  type StoredText,
} from "../index.ts";

const channel = useChannel();
const [OLD, NEW] = ["an old key of at least thirty-two bytes", "a new key of at least thirty-two bytes"];
const storeWith = (...keys: string[]): Store => ({ ...channel.store, sealing: createSealing(keys) });
const stores = (): Array<[name: string, store: Store]> => [
  ["plain", storeWith()],
  ["old", storeWith(OLD)],
  ["rotated", storeWith(NEW, OLD)],
];
const CANARIES = ["canaryQuestion", "canaryAnswer", "canaryName", "canaryText", "canaryPassword", "canaryTitle"];
const text: StoredText = {
  kind: "text",
  pages: ["canaryText one", ""],
  chars: 14,
  missing: [],
  ocr: [],
  truncated: false,
  extractMs: 1,
};
const body: AskBody = {
  message: "canaryQuestion",
  files: [{ name: "canaryName.pdf", size: 1, sha256: "s", text: "k", ref: "r", upload: "u" }],
  origin: "socket",
};

/** Runs one ask from its acceptance to its end. */
async function converse(store: Store, id: string): Promise<void> {
  const input = { user: channel.user, conversation: CONVERSATION, id, body, digest: "d", trace: "t" };
  await accept(store, { ...input, nonce: newNonce(), maxInFlight: 9 });
  const taken = await take(store, channel.at, newOwner());
  if (taken.kind !== "taken") throw new Error(taken.kind);
  expect(taken.ask.body).toEqual(body);
  const { ask } = taken;
  await append(
    store,
    ask,
    { attempt: 0, n: 1 },
    { events: [{ type: "delta", text: "canaryAnswer" }], nonce: newNonce() },
  );
  expect(await arrived(store, ask, 0)).toMatchObject({ text: "canaryAnswer" });
  const end = {
    type: "completed",
    text: "canaryAnswer",
    timings: { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 },
  } as const;
  await finish(store, ask, { attempt: 0, n: 2 }, { end, nonce: newNonce() });
}

async function dump(): Promise<string> {
  const { redis } = channel.store;
  const keys = await redis.keys("*");
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return [...keys, ...dumps.map((one) => one?.toString("latin1"))].join("\n");
}

describe("a store with keys", () => {
  it("holds no word of a question, an answer, a name, a text, a title or a password, and publishes none", async () => {
    const store = storeWith(NEW);
    using watched = await watchCommands(channel.connect().options);
    const heard: Event[] = [];
    const fanOut = createFanOut(channel.connect(), store.sealing);
    const listener = {
      event: (event: Event) => void heard.push(event),
      progress: () => undefined,
      resync: () => undefined,
    };
    const stop = await fanOut.listen(channel.at, listener);

    await converse(store, "one");
    await renameConversation(store, channel.user, { conversation: CONVERSATION, title: "canaryTitle" });
    await setPassword(store, "k", "canaryPassword", 60_000);
    await writeText(store, "k", text);
    const upload = { id: "u", name: "canaryName.pdf", type: "application/pdf", size: 10, ref: newRef() };
    await beginUpload(store, channel.user, { ...upload, maxBytes: 100, maxUserBytes: 100, maxUnfinished: 9 });
    await createBlobStore("redis", store).write(upload.ref, 0, Buffer.from("canaryText"));
    await channel.store.redis.ping("end");
    await expect.poll(() => watched.lines.some((line) => line.endsWith('"ping" "end"'))).toBe(true);

    const all = `${await dump()}\n${watched.lines.join("\n")}`;
    for (const canary of CANARIES) expect(all).not.toContain(canary);
    expect(watched.lines.length).toBeGreaterThan(8);
    await expect.poll(() => heard.length).toBe(3);
    expect(heard).toMatchObject([{ message: "canaryQuestion" }, { text: "canaryAnswer" }, { text: "canaryAnswer" }]);
    stop();
  });

  it("reads what was stored without a key and with earlier keys", async () => {
    const reader = storeWith(NEW, OLD);
    for (const [name, store] of stores()) {
      await converse(store, name);
      await setPassword(store, name, "canaryPassword", 60_000);
      await writeText(store, name, text);
      expect(await readText(reader, name)).toEqual(text);
      expect(await readOutcome(reader, name)).toMatchObject({ chars: 14, pageCount: 2 });
      expect(await readPassword(reader, name)).toBe("canaryPassword");
      expect(await findAsk(reader, channel.user, name)).toMatchObject({ message: "canaryQuestion" });
    }
    const log = await openLog(reader, channel.user, CONVERSATION);
    const events = log.kind === "opened" ? log.events : [];
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const [plain, ...sealed] = [0, 3, 6].map((at) => ({ ...events[at], seq: 0, at: 0, nonce: "", ask: "" }));
    for (const event of sealed) expect(event).toEqual(plain);
    const { conversations } = await listConversations(reader, channel.user, { limit: 9 });
    expect(conversations).toMatchObject([{ title: "canaryQuestion", files: ["canaryName.pdf"], asks: 3 }]);

    await channel.ask("last");
    const { ask } = await channel.taken();
    const past = [];
    for await (const one of pastAsks(reader, ask)) past.push(one.text);
    expect(past).toEqual(["canaryAnswer", "canaryAnswer", "canaryAnswer"]);
  });

  it("goes on with uploads that were begun without a key, or with another one", async () => {
    const room = { maxBytes: 1000, maxUserBytes: 1000, maxUnfinished: 9 };
    const upload = { id: "u", name: "canaryName.pdf", type: "application/pdf", size: 12, ref: newRef() };
    for (const [index, [, store]] of stores().entries()) {
      const begun = await beginUpload(store, channel.user, {
        ...upload,
        ...room,
        ref: index === 0 ? upload.ref : newRef(),
      });
      expect(begun).toMatchObject({ kind: "begun", upload: { ref: upload.ref, name: upload.name } });
      await createBlobStore("redis", store).write(upload.ref, index * 4, Buffer.from("text"));
    }
    const reader = storeWith(NEW, OLD);
    const other = await beginUpload(reader, channel.user, { ...upload, ...room, name: "other.pdf", ref: newRef() });
    expect(other).toEqual({ kind: "conflict" });
    const chunks = [];
    for await (const chunk of createBlobStore("redis", reader).read(upload.ref)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("texttexttext");
  });

  it("keeps the deployment's secrets when the key is changed, so that the earlier one may go", async () => {
    const secret = await readSecret(storeWith());
    expect(await readSecret(storeWith(OLD))).toBe(secret);
    await expect(readSecret(storeWith())).rejects.toMatchObject({ kind: "key" });
    expect(await readSecret(storeWith(NEW, OLD))).toBe(secret);
    expect(await readSecret(storeWith(NEW))).toBe(secret);
    await expect(readSecret(storeWith(OLD))).rejects.toMatchObject({ kind: "key" });
    expect(await readSecret(storeWith("", NEW))).toBe(secret);
    expect(await readSecret(storeWith())).toBe(secret);
  });

  it("that lacks a key says so, and reads nothing wrong", async () => {
    await converse(storeWith(NEW), "one");
    for (const store of [storeWith(), storeWith(OLD)])
      await expect(openLog(store, channel.user, CONVERSATION)).rejects.toThrow("DATA_KEY");
  });
});

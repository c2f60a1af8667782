import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import {
  awaitTexts,
  conversationAddress,
  dropPassword,
  endExtraction,
  forgetBusy,
  peekWaiting,
  queueExtraction,
  readPassword,
  readProfile,
  readSecret,
  readText,
  setPassword,
  setProfile,
  stopWaiting,
  takeWaiting,
  textKey,
  textState,
  userAddress,
  useText,
  writeText,
  type StoredText,
} from "../index.ts";
import { forgetText } from "./text-users.ts";
import { extractingKey, textKeyOf } from "../redis/keys.ts";

const channel = useChannel({ retentionMs: 3_600_000 });
const text: StoredText = {
  kind: "text",
  pages: ["first\npage", "", "third"],
  chars: 15,
  missing: [{ page: 2, reason: "scan" }],
  ocr: [],
  truncated: false,
  extractMs: 7,
};
const ttl = (key: string) => channel.store.redis.pttl(textKeyOf(key));

describe("texts", () => {
  it("come back page by page, empty pages too", async () => {
    await writeText(channel.store, "k", text);
    expect(await readText(channel.store, "k")).toEqual(text);
    await writeText(channel.store, "none", { ...text, pages: [] });
    expect(await readText(channel.store, "none")).toMatchObject({ pages: [] });
    await writeText(channel.store, "blank", { ...text, pages: [""] });
    expect(await readText(channel.store, "blank")).toMatchObject({ pages: [""] });
  });

  it("are compressed when they are long, and replaced whole", async () => {
    const pages = Array.from({ length: 300 }, (_, index) => `Page ${index} – ${"the same words as ever ".repeat(20)}`);
    await writeText(channel.store, "long", { ...text, pages });
    expect(await readText(channel.store, "long")).toMatchObject({ pages });
    expect(await channel.store.redis.hstrlen(textKeyOf("long"), "zstd")).toBeLessThan(pages.join("").length / 5);
    await writeText(channel.store, "long", { ...text, pages: ["short"] });
    expect(await readText(channel.store, "long")).toMatchObject({ pages: ["short"] });
    expect((await channel.store.redis.hkeys(textKeyOf("long"))).sort()).toEqual(["kind", "meta", "text"]);
  });

  it("are missing until an outcome is written, a text or a failure", async () => {
    await writeText(channel.store, "a", text);
    await writeText(channel.store, "b", { kind: "failed", code: "PDF_INVALID", permanent: true });
    expect(await textState(channel.store, ["a", "none", "b"])).toEqual(["text", "missing", "failed"]);
    expect(await textState(channel.store, [])).toEqual([]);
    expect(await readText(channel.store, "b")).toEqual({ kind: "failed", code: "PDF_INVALID", permanent: true });
    expect(await readText(channel.store, "none")).toBeUndefined();
  });

  it("replace a failure, and are not replaced by one", async () => {
    const failed: StoredText = { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "time", permanent: false };
    await writeText(channel.store, "k", failed);
    await writeText(channel.store, "k", text);
    expect(await readText(channel.store, "k")).toEqual(text);
    await writeText(channel.store, "k", failed);
    expect(await readText(channel.store, "k")).toEqual(text);
    expect(await ttl("k")).toBeGreaterThan(3_500_000);
  });

  it("are kept for the retention; a failure that may pass only ten minutes", async () => {
    await writeText(channel.store, "a", text);
    expect(await ttl("a")).toBeGreaterThan(3_500_000);
    await writeText(channel.store, "t", {
      kind: "failed",
      code: "PDF_LIMIT_EXCEEDED",
      reason: "time",
      permanent: false,
    });
    expect(await ttl("t")).toBeLessThanOrEqual(600_000);
    await useText(channel.store, userAddress("user"), "t");
    expect(await ttl("t")).toBeLessThanOrEqual(600_000);
  });

  it("are kept as long as the last of their users, and reading does not renew them", async () => {
    const { store } = channel;
    const [one, two] = [userAddress("one"), userAddress("two")];
    await useText({ ...store, retentionMs: 50_000 }, one, "k");
    await writeText(store, "k", text);
    expect(await ttl("k")).toBeLessThanOrEqual(50_000);
    await readText(store, "k");
    await textState(store, ["k"]);
    expect(await ttl("k")).toBeLessThanOrEqual(50_000);
    await useText({ ...store, retentionMs: 70_000 }, two, "k");
    expect(await ttl("k")).toBeGreaterThan(60_000);
    await forgetText(store, two, "k");
    expect(await ttl("k")).toBeLessThanOrEqual(50_000);
    expect(await textState(store, ["k"])).toEqual(["text"]);
  });
});

describe("a failure because the machine was busy", () => {
  const busy: StoredText = { kind: "failed", code: "BUSY", reason: "time", permanent: false };

  it("is kept for those who wait, and forgotten by the next who needs the text", async () => {
    await writeText(channel.store, "k", busy);
    expect(await readText(channel.store, "k")).toEqual(busy);
    expect(await ttl("k")).toBeLessThanOrEqual(60_000);
    expect(await forgetBusy(channel.store, "k")).toBe(true);
    expect(await textState(channel.store, ["k"])).toEqual(["missing"]);
    expect(await forgetBusy(channel.store, "k")).toBe(false);
  });

  it.each([text, { ...busy, code: "PDF_LIMIT_EXCEEDED" }])("is no other outcome: $kind $code", async (outcome) => {
    await writeText(channel.store, "k", outcome);
    expect(await forgetBusy(channel.store, "k")).toBe(false);
    expect(await readText(channel.store, "k")).toEqual(outcome);
  });
});

describe("text keys", () => {
  const of = { sha256: "aa", profile: "p" };
  it("differ by bytes, profile, password and secret, and show none of them", () => {
    const keys = [
      textKey("s", of),
      textKey("s", { ...of, sha256: "ab" }),
      textKey("s", { ...of, profile: "q" }),
      textKey("s", { ...of, password: "" }),
      textKey("s", { ...of, password: "x" }),
      textKey("t", of),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(textKey("s", of)).toBe(keys[0]);
    for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it("are made with one secret, whichever process reads it first", async () => {
    const secrets = await Promise.all(Array.from({ length: 10 }, () => readSecret(channel.store)));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]?.length).toBeGreaterThanOrEqual(43);
  });

  it("contain the profile that the extract workers store", async () => {
    expect(await readProfile(channel.store)).toBe("");
    await setProfile(channel.store, "1|auto|off");
    expect(await readProfile(channel.store)).toBe("1|auto|off");
  });
});

describe("waiting for a text", () => {
  it("lists each conversation once, for progress and for the wake-up", async () => {
    const one = conversationAddress("a", "1");
    const two = conversationAddress("b", "2");
    await awaitTexts(channel.store, one, ["k", "l"]);
    await awaitTexts(channel.store, one, ["k"]);
    await awaitTexts(channel.store, two, ["k"]);
    expect(await peekWaiting(channel.store, "k")).toHaveLength(2);
    expect((await takeWaiting(channel.store, "k")).map(({ c }) => c).sort()).toEqual([one.c, two.c].sort());
    expect(await takeWaiting(channel.store, "k")).toEqual([]);
    expect(await takeWaiting(channel.store, "l")).toEqual([{ shard: one.shard, u: one.u, c: one.c }]);
  });

  it("leaves no wait list for a text that was stored before the wait", async () => {
    const [one, two] = [conversationAddress("a", "1"), conversationAddress("b", "2")];
    for (const at of [one, two]) await awaitTexts(channel.store, at, ["k", "l"]);
    await stopWaiting(channel.store, one, ["k", "l"]);
    await stopWaiting(channel.store, one, ["k", "l"]);
    expect((await takeWaiting(channel.store, "k")).map(({ c }) => c)).toEqual([two.c]);
    await stopWaiting(channel.store, two, ["l"]);
    expect(await channel.store.redis.keys("wait:*")).toEqual([]);
  });

  it("tells which ask waits, and for which of its files, beside entries of older workers", async () => {
    const [one, two] = [conversationAddress("a", "1"), conversationAddress("b", "2")];
    const files = ["j", "k"].map((text) => ({ name: "a.pdf", size: 1, sha256: "s", ref: "r", text }));
    const ask = { conversation: "1", id: "x", body: { message: "?", files, origin: "socket" } } as const;
    await awaitTexts(channel.store, one, ["j", "k"], ask);
    await awaitTexts(channel.store, two, ["k"]);
    expect((await peekWaiting(channel.store, "k")).toSorted((a, b) => (a.ask ? -1 : b.ask ? 1 : 0))).toEqual([
      { ...one, ask: { conversation: "1", id: "x", file: 1 } },
      two,
    ]);
    await awaitTexts(channel.store, one, ["j"]);
    await stopWaiting(channel.store, one, ["j"], ask);
    expect(await takeWaiting(channel.store, "j")).toEqual([]);
  });

  it("wakes thousands", async () => {
    for (let index = 0; index < 2500; index += 1)
      void awaitTexts(channel.store, conversationAddress("a", `${index}`), ["k"]);
    await awaitTexts(channel.store, conversationAddress("a", "last"), ["k"]);
    expect(await takeWaiting(channel.store, "k")).toHaveLength(2501);
  });
});

describe("passwords and priorities", () => {
  it("keeps a password until it expires or is dropped", async () => {
    await setPassword(channel.store, "k", "open sesame", 60_000);
    expect(await readPassword(channel.store, "k")).toBe("open sesame");
    await dropPassword(channel.store, "k");
    expect(await readPassword(channel.store, "k")).toBeUndefined();
  });

  it("counts a user's waiting extractions, each once", async () => {
    const user = userAddress("a");
    expect(await queueExtraction(channel.store, user, "k1")).toBe(1);
    expect(await queueExtraction(channel.store, user, "k1")).toBe(1);
    expect(await queueExtraction(channel.store, user, "k2")).toBe(2);
    await endExtraction(channel.store, user, "k1");
    expect(await queueExtraction(channel.store, user, "k3")).toBe(2);
    expect(await queueExtraction(channel.store, userAddress("b"), "k1")).toBe(1);
  });

  it("does not count an extraction that has ended, and that an edge added again before it had left the queue", async () => {
    const user = userAddress("a");
    await queueExtraction(channel.store, user, "k1");
    await writeText(channel.store, "k1", text);
    await endExtraction(channel.store, user, "k1");
    await queueExtraction(channel.store, user, "k1");
    expect(await queueExtraction(channel.store, user, "k2")).toBe(1);
    expect(await queueExtraction(channel.store, user, "k3")).toBe(2);
  });

  it("does not count an extraction without an outcome that has left the queue, unless it was just added", async () => {
    const { store } = channel;
    const user = userAddress("a");
    const queue = (key: string) => queueExtraction(store, user, key, async (other) => other === "queued");
    const extracting = extractingKey(user);
    await Promise.all(["queued", "gone", "new"].map(queue));
    expect(await queue("next")).toBe(4);
    const before = Date.now() - 60_000;
    for (const key of ["queued", "gone", "next"]) await store.redis.zadd(extracting, before, key);
    expect(await queue("next")).toBe(3);
    expect((await store.redis.zrange(extracting, "0", "-1")).toSorted()).toEqual(["new", "next", "queued"]);
  });

  it("looks in the queue only for the oldest two, also when many wait", async () => {
    const { store } = channel;
    const user = userAddress("a");
    const before = Date.now() - 60_000;
    for (let n = 1; n <= 9; n++) await store.redis.zadd(extractingKey(user), before + n, `k${n}`);
    const sought: string[] = [];
    const isQueued = async (key: string): Promise<boolean> => sought.push(key) > 0;
    expect(await queueExtraction(store, user, "next", isQueued)).toBe(10);
    expect(sought.toSorted()).toEqual(["k1", "k2"]);
  });
});

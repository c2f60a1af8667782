import {
  accountAddress,
  conversationAddress,
  createHints,
  decodeFrame,
  channelOf,
  hintsOfText,
  readText,
  readUsed,
  retainBytes,
  setPassword,
  textState,
  userAddress,
  writeText,
  type AskFile,
  type Hint,
  type StoredText,
} from "@docrelay/channel";
import type { Progress } from "@docrelay/protocol";
import { eventually, makePdf, makeScanPdf, ownPdf } from "@docrelay/testkit";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { shownText, useWorker, USER } from "../../test/fixture.ts";

const at = useWorker({ env: { WORKER_ROLES: "ask,extract", EXTRACT_CONCURRENCY: "1" } });
const PDF = makePdf({ pages: ["Cats sleep a lot.", "Dogs bark at night."] });
const TEXT: StoredText = {
  kind: "text",
  pages: ["page"],
  chars: 4,
  missing: [],
  ocr: [],
  truncated: false,
  extractMs: 5,
};
const jobOf = ({ text: key, ref, sha256, size: bytes }: AskFile): Parameters<typeof at.producer.extract>[0] => {
  return { key, ref, sha256, bytes, ...userAddress(USER), trace: "t" };
};
const exists = (ref: string): Promise<boolean> => at.blobs.exists(ref);

describe("an ask with a PDF", () => {
  it("uses no worker slot while it waits for the text, and sends the engine exactly the original prompt", async () => {
    const worker = await at.here();
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { message: "What is inside?", files: [file] });
    await eventually(async () => (await at.stateOf("one")) === "parked");
    await eventually(() => worker.jobs === 0, { what: "the slot being free" });
    await at.file("pets.pdf", PDF).then(({ text }) => expect(text).toBe(file.text));
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", attempt: 1 });
    expect(at.engine.calls[0]?.message).toBe(
      "What is inside?\n\n--- File Content: pets.pdf ---\nCats sleep a lot.\nDogs bark at night.\n--- End of File ---",
    );
    const events = await at.events("talk");
    expect(events[1]).toMatchObject({
      type: "extracted",
      attempt: 0,
      file: 0,
      pages: 2,
      cached: false,
      missing: [],
      ocr: [],
      truncated: false,
    });
    expect(shownText(events, "one")).toBe(at.engine.calls[0]?.message);
    const end = events.at(-1);
    expect(end?.type === "completed" && end.timings.extractMs).toBeGreaterThan(0);
  });

  it("is extracted once: the next ask with the same file has the text at once", async () => {
    await at.here();
    const file = await at.file("pets.pdf", PDF);
    await at.ask("talk", "one", { files: [file] });
    await at.ended("talk", "one");
    await at.ask("talk", "two", { files: [file] });
    await at.ended("talk", "two");
    expect(
      (await at.events("talk")).flatMap((event) =>
        event.type === "extracted" && event.ask === "two" ? [event.cached] : [],
      ),
    ).toEqual([true]);
    expect(at.logged.filter((line) => line.includes('"msg":"extracted"'))).toHaveLength(1);
  });

  it("drops the bytes when the text is stored", async () => {
    await at.here();
    const file = await at.file("pets.pdf", PDF);
    await eventually(async () => (await textState(at.store, [file.text]))[0] === "text");
    await eventually(async () => !(await exists(file.ref)), { what: "the bytes being dropped" });
    expect(await at.store.redis.exists(`sha:${file.sha256}`)).toBe(0);
  });

  it("charges the pages to its user, and to the groups that the job names", async () => {
    await at.here();
    const tenant = accountAddress({ kind: "tenant", name: "acme" });
    const file = await at.file("charged.pdf", makePdf({ pages: ["One.", "Two.", "Three."] }), { extract: false });
    const before = await readUsed(at.store, [userAddress(USER)]);
    await at.producer.extract({ ...jobOf(file), charged: [tenant] });
    await eventually(async () => (await readUsed(at.store, [tenant])).used[0]?.pages === 3);
    const after = await readUsed(at.store, [userAddress(USER)]);
    expect((after.used[0]?.pages ?? 0) - (before.used[0]?.pages ?? 0)).toBe(3);
  });

  it("keeps the bytes as long as KEEP_FILES_MS says, and counts them so long", async () => {
    await at.here({ KEEP_FILES_MS: "60000" });
    const file = await at.file("pets.pdf", PDF);
    await eventually(async () => (await at.store.redis.exists(`{bull}:extract:${file.text}`)) === 0);
    expect((await textState(at.store, [file.text]))[0]).toBe("text");
    expect(await exists(file.ref)).toBe(true);
    const { shard, u } = userAddress(USER);
    const countsUntil = Number(await at.store.redis.zscore(`{${shard}}:${u}:share-until`, file.ref));
    for (const leftMs of [countsUntil - Date.now(), await at.store.redis.pttl(`blob:{${file.ref}}`)]) {
      expect(leftMs).toBeGreaterThan(30_000);
      expect(leftMs).toBeLessThan(90_000);
    }
  });

  it("keeps bytes that a password was sent for, so that they can be extracted with and without it", async () => {
    await at.here();
    const file = await at.file("pets.pdf", PDF, { extract: false });
    const withPassword = {
      ...(await at.file("pets.pdf", PDF, { extract: false, password: "not needed" })),
      ref: file.ref,
    };
    await retainBytes(at.store, file.ref);
    await setPassword(at.store, withPassword.text, "not needed", 60_000);
    await at.ask("talk", "plain", { files: [file] });
    await at.producer.extract(jobOf(file), 1);
    expect(await at.ended("talk", "plain")).toMatchObject({ type: "completed" });
    await eventually(async () => (await at.store.redis.exists(`{bull}:extract:${file.text}`)) === 0);
    await at.ask("talk", "password", { files: [withPassword, file] });
    await at.producer.extract(jobOf(withPassword), 1);
    expect(await at.ended("talk", "password")).toMatchObject({ type: "completed" });
    expect(await exists(file.ref)).toBe(true);
  });

  it("names the file that cannot be read, and why", async () => {
    await at.here();
    const good = await at.file("pets.pdf", PDF);
    const broken = await at.file("broken.pdf", Buffer.from("%PDF-1.4 and then nothing"));
    await at.ask("talk", "one", { files: [good, broken] });
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      error: { code: "PDF_INVALID", file: 1, ask: "one", trace: "trace-one" },
    });
    expect(at.engine.calls).toHaveLength(0);
    await eventually(async () => !(await exists(broken.ref)), { what: "the broken bytes being dropped" });
  });

  it("fails with PDF_NO_TEXT for a scan", async () => {
    await at.here();
    await at.ask("talk", "one", { files: [await at.file("scan.pdf", makeScanPdf())] });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", error: { code: "PDF_NO_TEXT", file: 0 } });
  });

  describe("that is encrypted", () => {
    const { bytes, userPassword: right = "" } = ownPdf("encrypted-user/rc4.pdf");
    const wrong = "hunter2-is-not-it";

    /** Stores a file and its password as an edge does, but adds no extraction job yet. */
    async function withPassword(password: string): ReturnType<typeof at.file> {
      const file = await at.file("locked.pdf", bytes(), { password, extract: false });
      await setPassword(at.store, file.text, password, 60_000);
      return file;
    }

    it("keeps its bytes until the password is sent, and is extracted with it", async () => {
      await at.here();
      const file = await at.file("locked.pdf", bytes());
      await at.ask("talk", "one", { files: [file] });
      const failed = await at.ended("talk", "one");
      expect(failed).toMatchObject({ type: "failed", error: { code: "PDF_ENCRYPTED", file: 0, retryable: false } });
      expect(failed.type === "failed" && failed.error.reason).toBeUndefined();
      expect(await exists(file.ref)).toBe(true);
      await at.ask("talk", "two", { files: [await withPassword(right)] });
      await at.file("locked.pdf", bytes(), { password: right });
      expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
    });

    it("fails with the reason password for a wrong one, and keeps the bytes for another try", async () => {
      await at.here();
      const file = await withPassword(wrong);
      await at.ask("talk", "one", { files: [file] });
      await at.file("locked.pdf", bytes(), { password: wrong });
      expect(await at.ended("talk", "one")).toMatchObject({
        type: "failed",
        error: { code: "PDF_ENCRYPTED", reason: "password", file: 0 },
      });
      expect(await exists(file.ref)).toBe(true);
    });

    it("has its password in one key only, and in none after it was used", async () => {
      await at.here({ WORKER_ROLES: "ask" });
      const words = [right, wrong];
      for (const [index, password] of words.entries()) {
        const file = await withPassword(password);
        await at.ask(`talk-${index}`, `ask-${index}`, { files: [file] });
        await at.file("locked.pdf", bytes(), { password });
        expect(await keysWith(password)).toEqual([`pw:${file.text}`]);
      }
      await at.here({ WORKER_ROLES: "extract" });
      for (const [index, password] of words.entries()) {
        await at.ended(`talk-${index}`, `ask-${index}`);
        expect(at.logged.join()).not.toContain(password);
      }
      await eventually(async () => (await at.store.redis.keys("pw:*")).length === 0, { what: "the passwords' end" });
      for (const password of words) expect(await keysWith(password)).toEqual([]);
    });
  });

  it("fails with NOT_FOUND when bytes and text are gone, and succeeds when the file is sent again", async () => {
    await at.here({}, { sweeper: false });
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.blobs.remove(file.ref);
    await at.ask("talk", "one", { files: [file] });
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      error: { code: "NOT_FOUND", file: 0 },
    });
    await at.ask("talk", "two", { files: [await at.file("pets.pdf", PDF)] });
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
  });

  it("fails with NOT_FOUND when the bytes vanish before the extraction begins", async () => {
    await at.here({ WORKER_ROLES: "ask" }, { sweeper: false });
    const file = await at.file("pets.pdf", PDF);
    await at.ask("talk", "one", { files: [file] });
    await eventually(async () => (await at.store.redis.scard(`wait:${file.text}`)) === 1);
    await at.blobs.remove(file.ref);
    await at.here({ WORKER_ROLES: "extract" }, { sweeper: false });
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      error: { code: "NOT_FOUND", file: 0 },
    });
  });

  it("treats bytes with a hole as gone", async () => {
    await at.here({ WORKER_ROLES: "ask" }, { sweeper: false });
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.store.redis.del(`blob:{${file.ref}}`);
    await at.blobs.write(file.ref, 10, PDF.subarray(10));
    await at.ask("talk", "one", { files: [file] });
    await eventually(async () => (await at.store.redis.scard(`wait:${file.text}`)) === 1);
    await at.here({ WORKER_ROLES: "extract" }, { sweeper: false });
    await at.producer.extract(jobOf(file), 1);
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      error: { code: "NOT_FOUND", file: 0 },
    });
  });
});

describe("an extraction", () => {
  it("wakes the waiting asks also when its process died after the text was stored", async () => {
    await at.here({ WORKER_ROLES: "ask" }, { sweeper: false });
    const file = await at.file("pets.pdf", PDF);
    await at.ask("talk", "one", { files: [file] });
    await eventually(async () => (await at.stateOf("one")) === "parked");
    await writeText(at.store, file.text, TEXT);
    await at.here({ WORKER_ROLES: "extract" }, { sweeper: false });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: expect.stringContaining("page") });
    expect(at.logged.filter((line) => line.includes('"msg":"extracted"'))).toHaveLength(0);
  });

  it("keeps the bytes, and the failure only until its retention ends, when the time was exceeded", async () => {
    // This server stands for an extractor that accepts the connection and never responds.
    await using silent = createServer(() => undefined);
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const PDF_ENGINE = `http://127.0.0.1:${port}/`;
    await at.here({ PDF_ENGINE, EXTRACT_TIMEOUT_MS: "100", EXTRACT_STALL_MS: "100" });
    const file = await at.file("slow.pdf", PDF);
    await at.ask("talk", "one", { files: [file] });
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      error: { code: "PDF_LIMIT_EXCEEDED", reason: "time", file: 0 },
    });
    expect(await readText(at.store, file.text)).toMatchObject({ kind: "failed", permanent: false });
    expect(await exists(file.ref)).toBe(true);
    expect(await at.store.redis.pttl(`text:${file.text}`)).toBeLessThanOrEqual(600_000);
  });

  it("uses the stored password of its text key, and drops it afterwards", async () => {
    await at.here({ WORKER_ROLES: "ask" });
    const file = await at.file("pets.pdf", PDF, { password: "sesame" });
    await setPassword(at.store, file.text, "sesame", 60_000);
    await at.here({ WORKER_ROLES: "extract" });
    await eventually(async () => (await textState(at.store, [file.text]))[0] === "text");
    await eventually(async () => (await at.store.redis.exists(`pw:${file.text}`)) === 0);
  });

  it("stores nothing when its password has run out, and is read with the password when that is sent again", async () => {
    await at.here({}, { sweeper: false });
    const file = await at.file("pets.pdf", PDF, { password: "sesame", extract: false });
    const job = { ...jobOf(file), locked: true };
    await at.producer.extract(job, 1);
    const isOver = async () => (await at.store.redis.exists(`{bull}:extract:${file.text}`)) === 0;
    await eventually(isOver, { what: "the extraction without its password" });
    expect(await textState(at.store, [file.text])).toEqual(["missing"]);
    expect(await exists(file.ref)).toBe(true);
    await setPassword(at.store, file.text, "sesame", 60_000);
    await at.producer.extract(job, 1);
    await eventually(async () => (await textState(at.store, [file.text]))[0] === "text");
  });

  it("publishes its progress to the waiting asks, at most four times a second", async () => {
    await at.here({ WORKER_ROLES: "ask" });
    const listener = at.connect();
    const heard: Array<Progress & { at: number }> = [];
    listener.on("smessage", (_channel, message) => {
      const frame = decodeFrame(String(message));
      if (frame?.name === "progress") heard.push({ ...frame.progress, at: performance.now() });
    });
    await listener.ssubscribe(channelOf(conversationAddress(USER, "talk")));
    const pages = Array.from({ length: 400 }, (_, index) => `Page ${index} says nothing new.`);
    const file = await at.file("long.pdf", makePdf({ pages, operators: 2000 }));
    await at.ask("talk", "one", { files: [file] });
    await eventually(() => heard.some(({ stage }) => stage === "extracting"));
    await at.here({ WORKER_ROLES: "extract" });
    await at.ended("talk", "one");
    const paged = heard.filter(({ page }) => page !== undefined);
    expect(paged.length).toBeGreaterThan(0);
    for (const one of paged)
      expect(one).toMatchObject({ conversation: "talk", ask: "one", stage: "extracting", file: 0, pages: 400 });
    const first = paged[0]?.at ?? 0;
    const last = paged.at(-1)?.at ?? 0;
    expect(paged.length).toBeLessThanOrEqual(2 + (last - first) / 240);
    expect(heard.at(-1)).toMatchObject({ stage: "asking", ask: "one" });
  });

  it("tells the waiting asks that it has begun, if its first page takes long", async () => {
    await at.here({ WORKER_ROLES: "ask" });
    const listener = at.connect();
    const heard: Progress[] = [];
    listener.on("smessage", (_channel, message) => {
      const frame = decodeFrame(String(message));
      if (frame?.name === "progress") heard.push(frame.progress);
    });
    await listener.ssubscribe(channelOf(conversationAddress(USER, "talk")));
    const file = await at.file("slow.pdf", makePdf({ pages: ["One slow page."], operators: 6_000_000, deflate: true }));
    await at.ask("talk", "one", { files: [file] });
    await eventually(async () => (await at.stateOf("one")) === "parked");
    await eventually(() => heard.length > 0);
    heard.length = 0;
    await at.here({ WORKER_ROLES: "extract" });
    await at.ended("talk", "one");
    expect(heard[0]).toEqual({ conversation: "talk", ask: "one", stage: "extracting", file: 0 });
  });

  it("hints that it begins, at which page it is, and that it has ended, also when no ask waits", async () => {
    const listener = at.connect();
    const heard: Hint[] = [];
    const hints = createHints(listener);
    const pages = Array.from({ length: 400 }, (_, index) => `Page ${index} says nothing new.`);
    const file = await at.file("long.pdf", makePdf({ pages, operators: 2000 }), { extract: false });
    await hints.listen(hintsOfText(file.text), { message: (hint) => heard.push(hint), resync: () => undefined });
    await at.here({ WORKER_ROLES: "extract" });
    await at.producer.extract(jobOf(file), 1);
    await eventually(() => heard.some(({ kind }) => kind === "look"));
    expect(heard.at(0)).toEqual({ kind: "begun" });
    expect(heard).toContainEqual({ kind: "page", page: expect.any(Number) as number, pages: 400 });
    expect(heard.at(-1)).toEqual({ kind: "look" });
    expect(await textState(at.store, [file.text])).toEqual(["text"]);
  });

  it("continues after the waiting ask was cancelled: the next ask has the text", async () => {
    await at.here({ WORKER_ROLES: "ask" });
    const file = await at.file("pets.pdf", PDF);
    await at.ask("talk", "one", { files: [file] });
    await eventually(async () => (await at.stateOf("one")) === "parked");
    await at.cancel("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({ type: "cancelled", text: "" });
    await at.here({ WORKER_ROLES: "extract" });
    await eventually(async () => (await textState(at.store, [file.text]))[0] === "text");
    await at.ask("talk", "two", { files: [file] });
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
  });
});

describe("fifty PDFs of one user", () => {
  it("do not delay the PDF of another user", async () => {
    await at.here({ WORKER_ROLES: "ask" }, { sweeper: false });
    const many = Array.from({ length: 50 }, (_, index) => makePdf({ pages: [`Number ${index} of many.`] }));
    for (const bytes of many) await at.file("many.pdf", bytes, { user: "greedy" });
    const one = makePdf({ pages: ["The one and only, and its size is its own."] });
    await at.file("one.pdf", one, { user: "modest" });
    // This worker runs one extraction at a time, so that the extractions end in the order in which they begin.
    await at.here({ WORKER_ROLES: "extract", EXTRACT_CONCURRENCY: "1" }, { sweeper: false });
    const sizes = (): number[] =>
      at.logged.filter((line) => line.includes('"msg":"extracted"')).map((line) => JSON.parse(line).bytes as number);
    await eventually(() => sizes().length === 51, { timeoutMs: 120_000, what: "all of them read" });
    // The worker may have fetched one of the fifty jobs before the last job was added, so the last job may come second.
    expect(sizes().indexOf(one.length)).toBeLessThanOrEqual(1);
  });
});

/** Returns all keys of Redis whose name or value contains `word`. */
async function keysWith(word: string): Promise<string[]> {
  const found: string[] = [];
  for (const key of await at.store.redis.keys("*")) {
    const dump = await at.store.redis.dumpBuffer(key);
    if (key.includes(word) || dump?.includes(word)) found.push(key);
  }
  return found;
}

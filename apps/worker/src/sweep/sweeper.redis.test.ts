import {
  awaitTexts,
  begin,
  conversationAddress,
  newOwner,
  park,
  take,
  writeText,
  append,
  cancel,
  newNonce,
  type StoredText,
  type TakenAsk,
} from "@docrelay/channel";
import { createLogger, createMetrics } from "@docrelay/platform";
import { eventually, makePdf } from "@docrelay/testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { useWorker, USER } from "../../test/fixture.ts";
import { createAskReport } from "../report/ask-report.ts";
import { startSweeper, sweep, type SweepDeps } from "./sweeper.ts";

const at = useWorker();
const here = conversationAddress(USER, "talk");
const TEXT: StoredText = {
  kind: "text",
  pages: ["page"],
  chars: 4,
  missing: [],
  ocr: [],
  truncated: false,
  extractMs: 5,
};
const PDF = makePdf({ pages: ["Cats sleep a lot."] });

/** Number of jobs in a queue. */
async function queued(queue: "ask" | "extract"): Promise<number> {
  const { redis } = at.store;
  const [waiting, prioritized] = [
    await redis.llen(`{bull}:${queue}:wait`),
    await redis.zcard(`{bull}:${queue}:prioritized`),
  ];
  return waiting + prioritized;
}
/** Makes every unfinished ask due now. */
async function due(): Promise<void> {
  const [key = ""] = await at.store.redis.keys("{*}:due");
  for (const member of await at.store.redis.zrange(key, "0", "-1")) await at.store.redis.zadd(key, "0", member);
}
async function redisNow(): Promise<number> {
  const [seconds, micros] = await at.store.redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
async function taken(owner = newOwner()): Promise<TakenAsk> {
  const head = await take(at.store, here, owner);
  if (head.kind !== "taken") throw new Error(head.kind);
  return head.ask;
}

describe("one pass of the sweeper", () => {
  let deps: SweepDeps;
  beforeEach(() => {
    const report = createAskReport(createLogger({ level: "silent", name: "test" }), createMetrics());
    deps = { store: at.store, blobs: at.blobs, producer: at.producer, report };
  });

  it("adds the wake-up job of an ask whose edge died before it did, but not before 5 s", async () => {
    await at.ask("talk", "one", {}, { wake: false });
    expect(await sweep(deps)).toBe(0);
    expect(await queued("ask")).toBe(0);
    await due();
    expect(await sweep(deps)).toBe(1);
    expect(await queued("ask")).toBe(1);
  });

  it("looks at an ask after 5 s and then at growing intervals up to 60 s", async () => {
    await at.ask("talk", "one", {}, { wake: false, deadlineMs: 600_000 });
    for (const seconds of [5, 10, 20, 30, 40, 50, 60, 60, 60]) {
      await due();
      const before = await redisNow();
      await sweep(deps);
      const after = await redisNow();
      const [key = ""] = await at.store.redis.keys("{*}:due");
      const [, next] = await at.store.redis.zrange(key, "0", "0", "WITHSCORES");
      expect(Number(next)).toBeGreaterThanOrEqual(before + seconds * 1000);
      expect(Number(next)).toBeLessThanOrEqual(after + seconds * 1000);
    }
  });

  it("adds a lost extraction job again, once for all asks that wait", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false });
    for (const talk of ["talk", "other"]) {
      await at.ask(talk, talk, { files: [file] }, { wake: false });
      const owner = newOwner();
      const head = await take(at.store, conversationAddress(USER, talk), owner);
      if (head.kind === "taken") await park(at.store, head.ask, owner);
    }
    await due();
    expect(await sweep(deps)).toBe(2);
    expect(await queued("extract")).toBe(1);
    expect(await queued("ask")).toBe(0);
  });

  it("adds the lost extraction of a file with a password as one that needs it", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false, password: "sesame" });
    await at.ask("talk", "one", { files: [{ ...file, locked: true }] }, { wake: false });
    await park(at.store, await taken("me"), "me");
    await due();
    await sweep(deps);
    expect(await at.store.redis.hget(`{bull}:extract:${file.text}`, "data")).toContain('"locked":true');
  });

  it("adds a wake-up job for a parked ask whose text is stored", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] }, { wake: false });
    await park(at.store, await taken("me"), "me");
    await writeText(at.store, file.text, TEXT);
    await due();
    await sweep(deps);
    expect([await queued("ask"), await queued("extract")]).toEqual([1, 0]);
  });

  it("ends a parked ask whose text and bytes are gone, names the file, and wakes the next ask", async () => {
    const [there, gone] = [
      await at.file("there.pdf", PDF, { extract: false }),
      await at.file("gone.pdf", makePdf({ pages: ["x"] }), { extract: false }),
    ];
    await at.ask("talk", "one", { files: [there, gone] }, { wake: false });
    const ask = await taken("me");
    await awaitTexts(at.store, ask.address, [there.text, gone.text]);
    await park(at.store, ask, "me");
    await at.blobs.remove(gone.ref);
    await due();
    await sweep(deps);
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      error: { code: "NOT_FOUND", file: 1, ask: "one" },
    });
    expect([await queued("ask"), await queued("extract")]).toEqual([1, 0]);
    expect(await at.store.redis.keys("wait:*")).toEqual([]);
  });

  it("ends an ask after its deadline whatever its state, and wakes the next one", async () => {
    await at.ask("talk", "one", {}, { wake: false, deadlineMs: 200 });
    await at.ask("talk", "two", {}, { wake: false });
    await begin(at.store, await taken("me"), "me", 3);
    await eventually(async () => (await sweep(deps)) > 0);
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", attempt: 1, error: { code: "ASK_EXPIRED" } });
    expect(await queued("ask")).toBe(1);
    expect(await taken()).toMatchObject({ id: "two" });
  });

  it("ends a cancelled ask whose worker died with the text that had arrived", async () => {
    await at.ask("talk", "one", {}, { wake: false });
    const ask = await taken("me");
    await begin(at.store, ask, "me", 3);
    await append(
      at.store,
      ask,
      { attempt: 1, n: 1 },
      { events: [{ type: "started", engine: "e" }], nonce: newNonce() },
    );
    await append(
      at.store,
      ask,
      { attempt: 1, n: 2 },
      { events: [{ type: "delta", text: "half an ans" }], nonce: newNonce() },
    );
    expect(await cancel(at.store, { user: USER, conversation: "talk", id: "one", nonce: newNonce() })).toMatchObject({
      kind: "flagged",
    });
    await due();
    await sweep(deps);
    expect(await at.ended("talk", "one")).toMatchObject({ type: "cancelled", text: "half an ans" });
  });

  it("continues after a record that cannot be parsed", async () => {
    await at.ask("talk", "one", {}, { wake: false });
    await at.ask("other", "two", {}, { wake: false });
    await at.store.redis.hset(await findRecord("one"), "body", "{not json");
    await due();
    await sweep(deps);
    expect(await queued("ask")).toBe(1);
  });

  it("is done by one process at a time, and by another when that one has ended", async () => {
    await at.ask("talk", "one", {}, { wake: false });
    const first = startSweeper(deps, 20);
    await eventually(async () => (await at.store.redis.get("sweep:lease")) !== null);
    const holder = await at.store.redis.get("sweep:lease");
    const second = startSweeper(deps, 20);
    await due();
    await eventually(async () => (await queued("ask")) === 1);
    expect(await at.store.redis.get("sweep:lease")).toBe(holder);
    await first[Symbol.asyncDispose]();
    await eventually(async () => ![null, holder].includes(await at.store.redis.get("sweep:lease")), {
      what: "the lease going over",
    });
    await second[Symbol.asyncDispose]();
  });
});

describe("with a worker", () => {
  it("completes an ask whose edge died before the wake-up job, within 5 s (twice that here)", async () => {
    await at.here();
    await at.ask("talk", "one", {}, { wake: false });
    expect(await at.ended("talk", "one", 10_000)).toMatchObject({ type: "completed" });
  });

  it("completes a parked ask whose extraction job was lost", { timeout: 30_000 }, async () => {
    await at.here({ WORKER_ROLES: "ask,extract" });
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] });
    expect(await at.ended("talk", "one", 15_000)).toMatchObject({ type: "completed" });
  });
});

async function findRecord(id: string): Promise<string> {
  for (const key of await at.store.redis.keys("{*}:*:ask:*"))
    if ((await at.store.redis.hget(key, "id")) === id) return key;
  throw new Error(`no record of ${id}`);
}

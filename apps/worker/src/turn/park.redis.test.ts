import {
  awaitTexts,
  cancel,
  conversationAddress,
  newNonce,
  newOwner,
  park,
  readText,
  take,
  writeText,
  type StoredText,
  type TakenAsk,
} from "@docrelay/channel";
import { createLogger, createMetrics } from "@docrelay/platform";
import { eventually, makePdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useWorker, USER } from "../../test/fixture.ts";
import { createAskReport } from "../report/ask-report.ts";
import { parkAsk } from "./park.ts";
import { createTextCache } from "./text-cache.ts";

const at = useWorker({ env: { WORKER_ROLES: "ask,extract", EXTRACT_CONCURRENCY: "1" } });
/** The owner token of a worker that does not exist. */
const DEAD = newOwner();
const HERE = conversationAddress(USER, "talk");
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

/**
 * Does the steps of a worker that finds no text, and dies after it has added the conversation to the wait list. Another
 * process stores the text just before that, so that no extraction will remove the conversation from the list.
 */
async function dieWaiting(key: string): Promise<TakenAsk> {
  const taken = await take(at.store, HERE, DEAD);
  if (taken.kind !== "taken") throw new Error(taken.kind);
  await writeText(at.store, key, TEXT);
  await awaitTexts(at.store, HERE, [key]);
  return taken.ask;
}

describe("a thousand asks waiting for one PDF", () => {
  it(
    "use no worker slot, do not delay a text-only ask, and are all answered after one extraction",
    { timeout: 120_000 },
    async () => {
      const worker = await at.here({ WORKER_ROLES: "ask", ASK_CONCURRENCY: "10" });
      at.engine.script = (call) => {
        call.text("yes");
        call.end();
      };
      const file = await at.file("pets.pdf", PDF);
      const names = Array.from({ length: 1000 }, (_, index) => `talk-${index}`);
      await Promise.all(names.map((name) => at.ask(name, name, { files: [file] })));
      await eventually(async () => (await at.store.redis.scard(`wait:${file.text}`)) === 1000, {
        timeoutMs: 60_000,
        what: "all of them parked",
      });
      await eventually(() => worker.jobs === 0);
      await at.ask("elsewhere", "text-only");
      await at.ended("elsewhere", "text-only");
      expect(await at.store.redis.scard(`wait:${file.text}`)).toBe(1000);
      await at.here({ WORKER_ROLES: "extract" });
      for (const name of names) expect(await at.ended(name, name)).toMatchObject({ type: "completed", text: "yes" });
      expect(at.logged.filter((line) => line.includes('"msg":"extracted"'))).toHaveLength(1);
      expect(at.engine.calls).toHaveLength(1001);
    },
  );
});

describe("parking", () => {
  it("looks again after it is on the wait list: a text stored just before wakes nothing", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] }, { wake: false });
    const taken = await take(at.store, HERE, "me");
    if (taken.kind !== "taken") throw new Error(taken.kind);
    const { store, blobs } = at;
    const deps = {
      store,
      blobs,
      texts: createTextCache((key) => readText(store, key), 1_000_000),
      report: createAskReport(createLogger({ level: "silent", name: "test" }), createMetrics()),
      stopping: new AbortController().signal,
    };
    // A worker has looked for this text and found none. It is stored before that worker parks the ask.
    await writeText(store, file.text, TEXT);
    expect(await parkAsk(deps, { ask: taken.ask, owner: "me" }, [0])).toEqual({ kind: "look-again" });
    expect(await store.redis.keys("wait:*")).toEqual([]);
  });

  it.each([
    ["before it parked the ask", false],
    ["after it parked the ask", true],
  ])("leaves no wait list behind when the text was stored just before and the worker died %s", async (_when, parks) => {
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] }, { wake: false });
    const ask = await dieWaiting(file.text);
    if (parks) await park(at.store, ask, DEAD);
    await at.here({ WORKER_ROLES: "ask" });
    await at.bell.ring({ conversation: HERE });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed" });
    expect(await at.store.redis.keys("wait:*")).toEqual([]);
  });

  it("leaves no wait list behind when the ask is cancelled after its worker died", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] }, { wake: false });
    await dieWaiting(file.text);
    await cancel(at.store, { user: USER, conversation: "talk", id: "one", nonce: newNonce() });
    await at.here({ WORKER_ROLES: "ask" });
    await at.bell.ring({ conversation: HERE });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "cancelled" });
    await eventually(async () => (await at.store.redis.keys("wait:*")).length === 0);
  });
});

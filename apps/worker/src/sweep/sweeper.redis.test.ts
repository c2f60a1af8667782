import {
  accountAddress,
  awaitTexts,
  begin,
  conversationAddress,
  newOwner,
  park,
  queueExtraction,
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
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { useWorker, USER } from "../../test/fixture.ts";
import { startListeningWorker, type ListeningWorker } from "../../test/listening-worker.ts";
import { createAskReport } from "../report/ask-report.ts";
import { ringForOrphans, startSweeper, sweep, type SweepDeps } from "./sweeper.ts";

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

/** Returns the number of extraction jobs that wait. */
async function queued(): Promise<number> {
  const { redis } = at.store;
  return (await redis.llen("{bull}:extract:wait")) + (await redis.zcard("{bull}:extract:prioritized"));
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
  let deps: SweepDeps & { membership: ListeningWorker["membership"] };
  let worker: ListeningWorker;
  beforeEach(async () => {
    const report = createAskReport(createLogger({ level: "silent", name: "test" }), createMetrics());
    worker = await startListeningWorker(at.server.url);
    const { bell, membership } = worker;
    deps = { store: at.store, blobs: at.blobs, producer: at.producer, bell, membership, report };
  });
  afterEach(async () => {
    await worker.membership.leave();
    worker.die();
  });
  /**
   * Waits for `count` bells, and then for a `ping` of Redis: a bell that was rung in excess would have arrived before
   * its reply. Returns all bells heard.
   */
  async function bells(count: number): Promise<ListeningWorker["heard"]> {
    await eventually(() => worker.heard.length >= count);
    await at.store.redis.ping();
    expect(worker.heard).toHaveLength(count);
    return worker.heard;
  }

  it("rings for an ask whose edge died before it did, but not at once", async () => {
    await at.ask("talk", "one", {}, { wake: false });
    expect(await sweep(deps)).toBe(0);
    await bells(0);
    await due();
    expect(await sweep(deps)).toBe(1);
    expect(await bells(1)).toEqual([{ conversation: here, hops: 0 }]);
  });

  it("looks at an ask after 0.6 s and then at growing intervals up to 60 s", async () => {
    const accepted = await redisNow();
    await at.ask("talk", "first", {}, { wake: false, deadlineMs: 600_000 });
    const [first = ""] = await at.store.redis.keys("{*}:due");
    const [, score] = await at.store.redis.zrange(first, "0", "0", "WITHSCORES");
    expect(Number(score) - accepted).toBeGreaterThanOrEqual(600);
    await at.store.redis.flushall();
    await at.ask("talk", "one", {}, { wake: false, deadlineMs: 600_000 });
    for (const seconds of [1, 2, 4, 6, 8, 10]) {
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
    expect(await queued()).toBe(1);
    await bells(0);
  });

  it("adds a lost extraction for the same network and quotas as before", async () => {
    const [network, tenant] = (["network", "tenant"] as const).map((kind) => accountAddress({ kind, name: "acme" }));
    if (!network || !tenant) throw new Error("unreachable");
    const [file, other] = [await at.file("pets.pdf", PDF, { extract: false }), "another".repeat(3)];
    await queueExtraction(at.store, network, other);
    await at.ask("talk", "one", { files: [file], extraction: { network, charged: [tenant] } }, { wake: false });
    await park(at.store, await taken("me"), "me");
    await due();
    await sweep(deps);
    const [data, priority] = await at.store.redis.hmget(`{bull}:extract:${file.text}`, "data", "priority");
    expect(JSON.parse(data ?? "")).toMatchObject({ network, charged: [tenant] });
    expect(priority).toBe("17"); // the second file of the network; a user's first small file has 1
  });

  it("adds the lost extraction of a file with a password as one that needs it", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false, password: "sesame" });
    await at.ask("talk", "one", { files: [{ ...file, locked: true }] }, { wake: false });
    await park(at.store, await taken("me"), "me");
    await due();
    await sweep(deps);
    expect(await at.store.redis.hget(`{bull}:extract:${file.text}`, "data")).toContain('"locked":true');
  });

  it("rings for a parked ask whose text is stored", async () => {
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] }, { wake: false });
    await park(at.store, await taken("me"), "me");
    await writeText(at.store, file.text, TEXT);
    await due();
    await sweep(deps);
    expect(await queued()).toBe(0);
    await bells(1);
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
    expect(await queued()).toBe(0);
    await bells(1);
    expect(await at.store.redis.keys("wait:*")).toEqual([]);
  });

  it("ends an ask after its deadline whatever its state, and wakes the next one", async () => {
    await at.ask("talk", "one", {}, { wake: false, deadlineMs: 200 });
    await at.ask("talk", "two", {}, { wake: false });
    await begin(at.store, await taken("me"), "me", 3);
    await eventually(async () => (await sweep(deps)) > 0);
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", attempt: 1, error: { code: "ASK_EXPIRED" } });
    await bells(1);
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
    await bells(1);
  });

  it("asks a live worker that runs a due ask, and rings for any other when that worker is gone", async () => {
    const other = await startListeningWorker(at.server.url);
    await at.ask("talk", "one", {}, { wake: false });
    const owner = newOwner(other.membership.worker);
    await taken(owner);
    await due();
    await sweep(deps);
    await eventually(() => other.heard.length === 1);
    expect(other.heard).toEqual([{ conversation: here, hops: 0 }]);
    await bells(0);
    other.die();
    await eventually(() => deps.membership.isGone(other.membership.worker));
    await due();
    await sweep(deps);
    expect(await bells(1)).toEqual([{ conversation: here, hops: 0, voided: owner }]);
  });

  it("rings at once for all that a dead worker ran, and for nothing that a live one runs", async () => {
    const [dead, alive] = [await startListeningWorker(at.server.url), await startListeningWorker(at.server.url)];
    const owners = [
      newOwner(dead.membership.worker),
      newOwner(dead.membership.worker),
      newOwner(alive.membership.worker),
    ];
    for (const [index, owner] of owners.entries()) {
      await at.ask(`talk-${index}`, `ask-${index}`, {}, { wake: false });
      await take(at.store, conversationAddress(USER, `talk-${index}`), owner);
    }
    dead.die();
    await eventually(() => deps.membership.isGone(dead.membership.worker));
    await ringForOrphans(deps);
    const all = [...worker.heard, ...alive.heard];
    await eventually(() => worker.heard.length + alive.heard.length === 2);
    expect([...worker.heard, ...alive.heard].map(({ voided }) => voided).sort()).toEqual(owners.slice(0, 2).sort());
    expect(all.every(({ voided }) => voided !== owners[2])).toBe(true);
    await alive.membership.leave();
    alive.die();
  });

  it("says when no worker is there for the ask of a dead one", async () => {
    const dead = await startListeningWorker(at.server.url);
    await at.ask("talk", "one", {}, { wake: false });
    await taken(newOwner(dead.membership.worker));
    dead.die();
    await eventually(() => deps.membership.isGone(dead.membership.worker));
    expect(await ringForOrphans({ ...deps, bell: { ring: async () => false } })).toBe(false);
    expect(await ringForOrphans(deps)).toBe(true);
    await bells(1);
  });

  it("is done by one worker at a time, and by another when that one has ended", async () => {
    const other = await startListeningWorker(at.server.url);
    const [first, second] = [worker, other].toSorted((a, b) => (a.membership.worker < b.membership.worker ? -1 : 1));
    if (!first || !second) throw new Error("two workers");
    await eventually(() => first.membership.isLeader && !second.membership.isLeader);
    const sweepers = [first, second].map((one) =>
      startSweeper({ ...deps, bell: one.bell, membership: one.membership }, 20),
    );
    await at.ask("talk", "one", {}, { wake: false });
    await due();
    await eventually(() => first.heard.length + second.heard.length > 0);
    first.die();
    await eventually(() => second.membership.isLeader, { what: "the second worker leading" });
    const before = second.heard.length;
    await at.ask("other", "two", {}, { wake: false });
    await due();
    await eventually(() => second.heard.length > before);
    await Promise.all(sweepers.map((sweeper) => sweeper[Symbol.asyncDispose]()));
    second.die();
  });
});

describe("with a worker", () => {
  it("completes an ask whose bell was lost within a second (ten times that here)", async () => {
    await at.here();
    await at.ask("talk", "one", {}, { wake: false });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed" });
  });

  it("completes a parked ask whose extraction job was lost", async () => {
    await at.here({ WORKER_ROLES: "ask,extract" });
    const file = await at.file("pets.pdf", PDF, { extract: false });
    await at.ask("talk", "one", { files: [file] });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed" });
  });
});

async function findRecord(id: string): Promise<string> {
  for (const key of await at.store.redis.keys("{*}:*:ask:*"))
    if ((await at.store.redis.hget(key, "id")) === id) return key;
  throw new Error(`no record of ${id}`);
}

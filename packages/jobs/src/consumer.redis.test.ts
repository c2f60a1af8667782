import { eventually, spawnNode } from "@docrelay/testkit";
import { Queue } from "bullmq";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createProducer, JobsError, type ConsumerOptions } from "./index.ts";
import { extractOf, useJobs, type Runs } from "../test/fixture.ts";

const at = useJobs();
const MORTAL = fileURLToPath(new URL("../test/mortal-consumer.ts", import.meta.url));

/** Whether the queue has no job: only the queue's metadata and its events may be left. */
const isEmpty = async (): Promise<boolean> => {
  const keys = await at.connect().keys(`${at.prefix}:extract:*`);
  return keys.every((key) => /:(meta|events|id|pc|stalled-check|marker)$/.test(key));
};

describe("a consumer", () => {
  it("takes over a killed process's job within 3.5 s (twice that here)", async () => {
    await using mortal = spawnNode(MORTAL, { args: [at.url, at.prefix] });
    await mortal.waitFor(/^ready/);
    await at.producer.extract(extractOf("c"));
    await mortal.waitFor(/^running/);
    const runs = await at.extracts();
    mortal.kill("SIGKILL");
    const killed = performance.now();
    await eventually(() => runs.going === 1, { what: "the job running elsewhere" });
    const took = performance.now() - killed;
    expect(took).toBeLessThan(7000);
    runs.end();
  });

  it("retries a job when its handler throws", async () => {
    const runs = await at.extracts();
    await at.producer.extract(extractOf("c"));
    await eventually(() => runs.going === 1);
    runs.end(new Error("the store went away"));
    await eventually(() => runs.jobs.length === 2, { what: "the job coming back" });
    expect(runs.jobs[1]).toEqual({ v: 1, ...extractOf("c") });
    expect(runs.errors.map(({ message }) => message)).toContain("the store went away");
    runs.end();
    await eventually(isEmpty);
  });

  it("leaves what BullMQ tells of a job for an hour at most", async () => {
    const runs = await at.extracts();
    await at.producer.extract(extractOf("c"));
    await eventually(() => runs.going === 1);
    runs.end();
    const events = `${at.prefix}:extract:events`;
    const leftMs = await eventually(async () => {
      const ms = await at.connect().pttl(events);
      return ms > 0 && ms;
    });
    expect(leftMs).toBeLessThanOrEqual(3_600_000);
  });

  it("hands a job back, which then runs in another process", async () => {
    const first = await at.extracts();
    await at.producer.extract(extractOf("c"));
    await eventually(() => first.going === 1);
    await first.consumer.stop();
    const second = await at.extracts();
    first.end("hand-back");
    await eventually(() => second.going === 1);
    second.end();
    await eventually(isEmpty);
    expect(first.jobs).toHaveLength(1);
  });

  it("wakes somebody for a job that goes back", async () => {
    await at.producer.extract(extractOf("a"));
    const runs = await at.extracts({ concurrency: 1 });
    await eventually(() => runs.going === 1);
    await runs.consumer.stop();
    // Idle consumers wait for this key. The test removes it, so that only handing the job back can set it again.
    const marker = `${at.prefix}:extract:marker`;
    const redis = at.connect();
    await redis.del(marker);
    runs.end("hand-back");
    await runs.consumer.idle();
    expect(await redis.zcard(marker)).toBe(1);
  });

  it("puts one that takes long aside while others wait and all places are taken by such", async () => {
    const going = new Map<string, number>();
    const ends = new Map<string, () => void>();
    await at.extracts({
      concurrency: 2,
      longMs: 200,
      handle: ({ key }, signal) =>
        new Promise((resolve) => {
          const name = key[0] ?? "";
          going.set(name, (going.get(name) ?? 0) + 1);
          ends.set(name, () => resolve("done"));
          signal.addEventListener("abort", () => resolve("aside"));
        }),
    });
    await at.producer.extract(extractOf("a"));
    await eventually(() => going.has("a"));
    await at.producer.extract(extractOf("b"));
    await eventually(() => going.has("b"));
    await at.producer.extract(extractOf("c"));
    await eventually(() => going.has("c"), { what: "a place for the third" });
    expect([going.get("a"), going.get("b")]).toEqual([1, 1]);
    ends.get("c")?.();
    await eventually(() => going.get("b") === 2, { what: "the one that was put aside" });
    await at.producer.extract(extractOf("d"));
    await eventually(() => going.has("d"), { what: "a place for the fourth" });
    for (const name of ["a", "d"]) ends.get(name)?.();
    await eventually(() => going.get("b") === 3);
    ends.get("b")?.();
    await eventually(isEmpty);
    expect(Object.fromEntries(going)).toEqual({ a: 1, b: 3, c: 1, d: 1 });
  });

  it("has one place more for the only file of its user and address, while others take long", async () => {
    const runs = await at.extracts({ concurrency: 1, briefMs: 100, longMs: 600_000 });
    const started = (): string => runs.jobs.map(({ key }) => key[0]).join("");
    await at.producer.extract(extractOf("a"));
    await eventually(() => started() === "a");
    for (const [waiting, letter] of ["b", "c"].entries()) await at.producer.extract(extractOf(letter), waiting + 2);
    await at.producer.extract(extractOf("d"), 1);
    await eventually(() => started() === "ad", { what: "the only file of somebody else" });
    // The file e waits, because the extra place is in use. The files b and c never get the extra place, because their
    // user has several files.
    await at.producer.extract(extractOf("e"), 1);
    runs.end();
    for (const next of ["ade", "ade", "adeb", "adebc"]) {
      await eventually(() => started() === next, { what: next });
      runs.end(); // ends the running file: first d, and in later rounds e, b and c
    }
    await eventually(isEmpty);
  });

  it("puts the only file of a user aside for another such one alone", async () => {
    const aside: string[] = [];
    const begun: string[] = [];
    await at.extracts({
      concurrency: 1,
      briefMs: 20,
      longMs: 300,
      handle: ({ key }, signal) =>
        new Promise((resolve) => {
          const name = key[0] ?? "";
          begun.push(name);
          signal.addEventListener("abort", () => resolve(aside.push(name) > 1 ? "done" : "aside"));
        }),
    });
    await at.producer.extract(extractOf("a"), 1);
    await eventually(() => begun.includes("a"));
    await at.producer.extract(extractOf("c"), 9);
    await at.producer.extract(extractOf("b"), 1);
    await eventually(() => begun.includes("b"), { what: "the extra place" });
    const redis = at.connect();
    const looks = async (): Promise<number> =>
      Number(/cmdstat_zcount:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1] ?? 0);
    const before = await looks();
    await eventually(async () => (await looks()) > before + 3, { what: "looks for those who wait" });
    expect(aside).toEqual([]); // c is not the only file of its user, so neither a nor b is put aside for c
    await at.producer.extract(extractOf("d"), 1);
    await eventually(() => begun.includes("d"), { what: "a place for d" });
    expect(aside).toEqual(["b"]);
    expect(begun).toEqual(["a", "b", "d"]);
  });

  it("lists the waiting jobs in the order in which they will run, for one process at a time", async () => {
    const started: string[] = [];
    const handle: ConsumerOptions["handle"] = ({ key }) => {
      started.push(key[0] ?? "");
      return first.promise;
    };
    const first = Promise.withResolvers<"done">();
    const one = await at.extracts({ concurrency: 1, handle });
    expect(await one.consumer.waiting(10, 60_000)).toEqual([]); // it has a free place, so it does not look
    await at.producer.extract(extractOf("a"));
    await eventually(() => started.length === 1);
    const other = await at.extracts({ concurrency: 1, handle });
    await at.producer.extract(extractOf("b"));
    await eventually(() => started.length === 2);
    await at.producer.extract(extractOf("e"), 3);
    await at.producer.extract(extractOf("d"), 2);
    await at.producer.extract(extractOf("c"), 2);
    const letters = async (runs: Runs, most: number, everyMs: number): Promise<string[]> =>
      (await runs.consumer.waiting(most, everyMs)).map((key) => key[0] ?? "");
    expect(await letters(one, 2, 1)).toEqual(["d", "c"]);
    await eventually(async () => (await at.connect().exists(`${at.prefix}:extract:listed`)) === 0);
    expect(await letters(other, 10, 60_000)).toEqual(["d", "c", "e"]);
    expect(await letters(one, 10, 60_000)).toEqual([]);
    await other.consumer.stop(); // so that one process alone takes the others, in their order
    first.resolve("done");
    await eventually(() => started.length === 5);
    expect(started.slice(2)).toEqual(["d", "c", "e"]);
  });

  it("gets no job after it has stopped", async () => {
    const first = await at.extracts();
    await first.consumer.stop();
    await at.producer.extract(extractOf("c"));
    const second = await at.extracts();
    await eventually(() => second.going === 1);
    expect(first.jobs).toHaveLength(0);
  });

  it("delays a job of a newer version, which never fails", async () => {
    const queue = new Queue("extract", { connection: at.connect(), prefix: at.prefix });
    await queue.add("extract", { v: 2, shape: "of a later version" }, { removeOnComplete: true, removeOnFail: true });
    const runs = await at.extracts();
    await eventually(async () => (await queue.getDelayedCount()) === 1, { what: "the newer job put aside" });
    const [job] = await queue.getDelayed();
    await eventually(async () => Number((await queue.getJob(job?.id ?? ""))?.attemptsStarted) >= 2, {
      what: "its next try",
    });
    expect(runs.jobs).toHaveLength(0);
    expect(runs.errors).toHaveLength(0);
    await queue.close();
  });

  it("reports a job that it cannot parse, and continues", async () => {
    const queue = new Queue("extract", { connection: at.connect(), prefix: at.prefix });
    await queue.add("extract", { v: 1, nonsense: true }, { removeOnComplete: true, removeOnFail: true });
    const runs = await at.extracts();
    await eventually(() => runs.errors.length === 1);
    expect(runs.errors[0]).toMatchObject({ name: "JobsError", kind: "shape" });
    await at.producer.extract(extractOf("c"));
    await eventually(() => runs.going === 1);
    await queue.close();
  });

  it("runs a job later when its handler returns laterMs", async () => {
    const runs = await at.extracts();
    await at.producer.extract(extractOf("c"));
    await eventually(() => runs.going === 1);
    const idle = runs.consumer.idle();
    runs.end({ laterMs: 50 });
    await idle;
    expect(runs.consumer.active).toBe(0);
    await eventually(() => runs.jobs.length === 2, { timeoutMs: 4000 });
    runs.end();
    expect(runs.errors).toHaveLength(0);
  });

  it("takes jobs again by itself after Redis was killed", async () => {
    const runs = await at.extracts();
    await at.producer.extract(extractOf("a"));
    await eventually(() => runs.going === 1);
    runs.end();
    await at.server.kill();
    await at.server.restart();
    await eventually(
      async () => {
        await at.producer.extract(extractOf("b"));
        return runs.jobs.some(({ key }) => key.startsWith("b"));
      },
      { everyMs: 100, what: "a job after the restart" },
    );
  });

  it("closes within 2 s even while a handler hangs", async () => {
    const runs = await at.extracts();
    await at.producer.extract(extractOf("c"));
    await eventually(() => runs.going === 1);
    await expect(runs.consumer[Symbol.asyncDispose]()).rejects.toMatchObject({ name: "JobsError", kind: "timeout" });
    runs.end();
    await eventually(() => runs.consumer.active === 0);
  }, 10_000);
});

describe("a producer", () => {
  it("knows whether a job waits, runs or is not there", async () => {
    const { key } = extractOf("c");
    expect(await at.producer.state(key)).toBe("none");
    await at.producer.extract(extractOf("c"));
    expect(await at.producer.state(key)).toBe("waiting");
    const runs = await at.extracts();
    await eventually(() => runs.going === 1);
    expect(await at.producer.state(key)).toBe("running");
    runs.end();
    await eventually(async () => (await at.producer.state(key)) === "none");
  });

  it("refuses data that is no job before it reaches the queue", async () => {
    await expect(at.producer.extract({ ...extractOf("c"), shard: "nowhere" })).rejects.toMatchObject({ kind: "shape" });
  });

  it("times out when Redis is silent, and works again when it replies", async () => {
    const producer = createProducer({ connection: at.connect(), prefix: at.prefix, timeoutMs: 200 });
    await producer.extract(extractOf("a"));
    await at.server.pause();
    const add = producer.extract(extractOf("b"));
    await expect(add).rejects.toBeInstanceOf(JobsError);
    await expect(add).rejects.toMatchObject({ kind: "timeout" });
    await at.server.resume();
    await eventually(() => producer.extract(extractOf("b")).then(() => true));
    await producer[Symbol.asyncDispose]();
  });

  it("can be created while Redis is unreachable, and works once it is there", async () => {
    await at.server.kill();
    const producer = createProducer({ connection: at.connect(), prefix: at.prefix, timeoutMs: 300 });
    await expect(producer.extract(extractOf("a"))).rejects.toBeInstanceOf(JobsError);
    await at.server.restart();
    await eventually(() => producer.extract(extractOf("a")).then(() => true));
    await producer[Symbol.asyncDispose]();
  });
});

import { eventually, spawnNode } from "@docrelay/testkit";
import { Queue } from "bullmq";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createProducer, JobsError } from "./index.ts";
import { useJobs, wakeOf } from "../test/fixture.ts";

const at = useJobs();
const MORTAL = fileURLToPath(new URL("../test/mortal-consumer.ts", import.meta.url));

describe("a consumer", () => {
  it("takes over a killed process's job within 3.5 s (twice that here)", { timeout: 30_000 }, async () => {
    await using mortal = spawnNode(MORTAL, { args: [at.url, at.prefix] });
    await mortal.waitFor(/^ready/);
    await at.producer.wake(wakeOf("c"));
    await mortal.waitFor(/^running/);
    const runs = await at.wakes();
    await at.producer.wake(wakeOf("c"));
    mortal.kill("SIGKILL");
    const killed = performance.now();
    await eventually(() => runs.going === 1, { timeoutMs: 10_000, what: "the job running elsewhere" });
    const took = performance.now() - killed;
    expect(took).toBeLessThan(7000);
    runs.end();
    await eventually(() => runs.jobs.length === 2, { what: "the run of the job added while the first ran" });
    runs.end();
  });

  it("delays a job of a newer version, which never fails", async () => {
    const queue = new Queue("ask", { connection: at.connect(), prefix: at.prefix });
    await queue.add("ask", { v: 2, shape: "of a later version" }, { removeOnComplete: true, removeOnFail: true });
    const runs = await at.wakes();
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
    const queue = new Queue("ask", { connection: at.connect(), prefix: at.prefix });
    await queue.add("ask", { v: 1, nonsense: true }, { removeOnComplete: true, removeOnFail: true });
    const runs = await at.wakes();
    await eventually(() => runs.errors.length === 1);
    expect(runs.errors[0]).toMatchObject({ name: "JobsError", kind: "shape" });
    await at.producer.wake(wakeOf("c"));
    await eventually(() => runs.going === 1);
    await queue.close();
  });

  it("runs a job later when its handler returns laterMs", async () => {
    const runs = await at.wakes();
    await at.producer.wake(wakeOf("c"));
    await eventually(() => runs.going === 1);
    const idle = runs.consumer.idle();
    runs.end({ laterMs: 50 });
    await idle;
    expect(runs.consumer.active).toBe(0);
    await eventually(() => runs.jobs.length === 2, { timeoutMs: 4000 });
    runs.end();
    expect(runs.errors).toHaveLength(0);
  });

  it("takes jobs again by itself after Redis was killed", { timeout: 30_000 }, async () => {
    const runs = await at.wakes();
    await at.producer.wake(wakeOf("a"));
    await eventually(() => runs.going === 1);
    runs.end();
    await at.server.kill();
    await at.server.restart();
    await eventually(
      async () => {
        await at.producer.wake(wakeOf("b"));
        return runs.jobs.some(({ c }) => c.startsWith("b"));
      },
      { timeoutMs: 15_000, everyMs: 100, what: "a job after the restart" },
    );
  });

  it("closes within 2 s even while a handler hangs", async () => {
    const runs = await at.wakes();
    await at.producer.wake(wakeOf("c"));
    await eventually(() => runs.going === 1);
    await expect(runs.consumer[Symbol.asyncDispose]()).rejects.toMatchObject({ name: "JobsError", kind: "timeout" });
    runs.end();
    await eventually(() => runs.consumer.active === 0);
  }, 10_000);
});

describe("a producer", () => {
  it("refuses data that is no job before it reaches the queue", async () => {
    await expect(at.producer.wake({ ...wakeOf("c"), shard: "nowhere" })).rejects.toMatchObject({ kind: "shape" });
  });

  it("times out when Redis is silent, and works again when it replies", async () => {
    const producer = createProducer({ connection: at.connect(), prefix: at.prefix, timeoutMs: 200 });
    await producer.wake(wakeOf("a"));
    await at.server.pause();
    const add = producer.wake(wakeOf("b"));
    await expect(add).rejects.toBeInstanceOf(JobsError);
    await expect(add).rejects.toMatchObject({ kind: "timeout" });
    await at.server.resume();
    await eventually(() => producer.wake(wakeOf("b")).then(() => true));
    await producer[Symbol.asyncDispose]();
  });

  it("can be created while Redis is unreachable, and works once it is there", { timeout: 20_000 }, async () => {
    await at.server.kill();
    const producer = createProducer({ connection: at.connect(), prefix: at.prefix, timeoutMs: 300 });
    await expect(producer.wake(wakeOf("a"))).rejects.toBeInstanceOf(JobsError);
    await at.server.restart();
    await eventually(() => producer.wake(wakeOf("a")).then(() => true), { timeoutMs: 10_000 });
    await producer[Symbol.asyncDispose]();
  });
});

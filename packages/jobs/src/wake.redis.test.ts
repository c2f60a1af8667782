import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useJobs, wakeOf } from "../test/fixture.ts";

const at = useJobs();
const ring = async (times: number, letter = "c"): Promise<void> => {
  await Promise.all(Array.from({ length: times }, () => at.producer.wake(wakeOf(letter))));
};
/** Nothing of a queue is left but its meta data and its trimmed events. */
const isEmpty = async (): Promise<boolean> => {
  const keys = await at.connect().keys(`${at.prefix}:ask:*`);
  return keys.every((key) => /:(meta|events|id|stalled-check|marker)$/.test(key));
};

describe("the doorbell of a conversation", () => {
  it("makes one run of any number of rings before it", async () => {
    await ring(20);
    const runs = await at.wakes();
    await eventually(() => runs.jobs.length === 1);
    expect(runs.jobs[0]).toEqual({ v: 1, ...wakeOf("c") });
    runs.end();
    await eventually(isEmpty);
    expect(runs.jobs).toHaveLength(1);
  });

  it("makes exactly one follow-up of any number of rings during a run, never beside it", async () => {
    const runs = await at.wakes();
    await ring(1);
    await eventually(() => runs.going === 1);
    await ring(50);
    expect(runs.going).toBe(1);
    runs.end();
    await eventually(() => runs.jobs.length === 2);
    runs.end();
    await eventually(isEmpty);
    expect(runs.jobs).toHaveLength(2);
  });

  it("makes a follow-up of a ring that comes while the run is on its way out", async () => {
    const runs = await at.wakes();
    for (let round = 0; round < 30; round++) {
      const before = runs.jobs.length;
      await ring(1);
      await eventually(() => runs.jobs.length > before);
      const last = ring(1); // at the same moment as the end: before it, or after
      runs.end();
      await last;
      await eventually(() => runs.jobs.length === before + 2, { what: `the follow-up of round ${round}` });
      runs.end();
      await eventually(isEmpty);
    }
  });

  it("makes a follow-up when the run throws, and brings the thrower's job back", async () => {
    const runs = await at.wakes();
    await ring(1);
    await eventually(() => runs.going === 1);
    runs.end(new Error("the store went away"));
    await eventually(() => runs.jobs.length === 2, { what: "the job coming back" });
    expect(runs.errors.map(({ message }) => message)).toContain("the store went away");
    runs.end();
    await eventually(isEmpty);
    await ring(1);
    await eventually(() => runs.jobs.length === 3, { what: "a ring after all that" });
    runs.end();
  });

  it("runs again after the last of its tries failed", async () => {
    const runs = await at.wakes({ handle: () => Promise.reject(new Error("always")) });
    await ring(1);
    await eventually(() => runs.errors.length === 4, { timeoutMs: 20_000, what: "all tries" });
    await eventually(isEmpty);
    await ring(1);
    await eventually(() => runs.errors.length === 5, { what: "a run of a new ring" });
  });

  it("rings for two conversations at once", async () => {
    const runs = await at.wakes();
    await ring(3, "a");
    await ring(3, "b");
    await eventually(() => runs.going === 2);
    expect(runs.jobs.map(({ c }) => c[0]).sort()).toEqual(["a", "b"]);
  });

  it("gives a job back to another process at once, and rings meanwhile are that job", async () => {
    const first = await at.wakes();
    await ring(1);
    await eventually(() => first.going === 1);
    await first.consumer.stop();
    await ring(1);
    const second = await at.wakes();
    first.end("give-back");
    await eventually(() => second.going === 1, { timeoutMs: 2000 });
    second.end();
    await eventually(() => second.jobs.length === 2, { what: "the follow-up of the ring during the first run" });
    second.end();
    await eventually(isEmpty);
  });

  it("hands nothing to a consumer that has stopped", async () => {
    const first = await at.wakes();
    await first.consumer.stop();
    await ring(1);
    const second = await at.wakes();
    await eventually(() => second.going === 1);
    expect(first.jobs).toHaveLength(0);
    second.end();
    await eventually(isEmpty);
  });
});

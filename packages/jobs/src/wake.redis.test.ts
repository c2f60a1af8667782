import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useJobs, wakeOf } from "../test/fixture.ts";

const at = useJobs();
const wake = async (times: number, letter = "c"): Promise<void> => {
  await Promise.all(Array.from({ length: times }, () => at.producer.wake(wakeOf(letter))));
};
/** Nothing of a queue is left but its meta data and its trimmed events. */
const isEmpty = async (): Promise<boolean> => {
  const keys = await at.connect().keys(`${at.prefix}:ask:*`);
  return keys.every((key) => /:(meta|events|id|stalled-check|marker)$/.test(key));
};

describe("wake-up jobs of a conversation", () => {
  it("become one run, however many are added before it", async () => {
    await wake(20);
    const runs = await at.wakes();
    await eventually(() => runs.jobs.length === 1);
    expect(runs.jobs[0]).toEqual({ v: 1, ...wakeOf("c") });
    runs.end();
    await eventually(isEmpty);
    expect(runs.jobs).toHaveLength(1);
  });

  it("become exactly one more run, however many are added during a run, never at the same time", async () => {
    const runs = await at.wakes();
    await wake(1);
    await eventually(() => runs.going === 1);
    await wake(50);
    expect(runs.going).toBe(1);
    runs.end();
    await eventually(() => runs.jobs.length === 2);
    runs.end();
    await eventually(isEmpty);
    expect(runs.jobs).toHaveLength(2);
  });

  it("become one more run when added at the very moment at which a run ends", async () => {
    const runs = await at.wakes();
    for (let round = 0; round < 30; round++) {
      const before = runs.jobs.length;
      await wake(1);
      await eventually(() => runs.jobs.length > before);
      const last = wake(1); // at the same moment as the end: before it, or after
      runs.end();
      await last;
      await eventually(() => runs.jobs.length === before + 2, { what: `the follow-up of round ${round}` });
      runs.end();
      await eventually(isEmpty);
    }
  });

  it("are retried when the handler throws", async () => {
    const runs = await at.wakes();
    await wake(1);
    await eventually(() => runs.going === 1);
    runs.end(new Error("the store went away"));
    await eventually(() => runs.jobs.length === 2, { what: "the job coming back" });
    expect(runs.errors.map(({ message }) => message)).toContain("the store went away");
    runs.end();
    await eventually(isEmpty);
    await wake(1);
    await eventually(() => runs.jobs.length === 3, { what: "a run of a new wake-up job" });
    runs.end();
  });

  it("run again when added after the last retry failed", async () => {
    const runs = await at.wakes({ handle: () => Promise.reject(new Error("always")) });
    await wake(1);
    await eventually(() => runs.errors.length === 4, { timeoutMs: 20_000, what: "all tries" });
    await eventually(isEmpty);
    await wake(1);
    await eventually(() => runs.errors.length === 5, { what: "a run of a new wake-up job" });
  });

  it("of two conversations run at the same time", async () => {
    const runs = await at.wakes();
    await wake(3, "a");
    await wake(3, "b");
    await eventually(() => runs.going === 2);
    expect(runs.jobs.map(({ c }) => c[0]).sort()).toEqual(["a", "b"]);
  });

  it("that are handed back run in another process at once, and adds during the run become one more", async () => {
    const first = await at.wakes();
    await wake(1);
    await eventually(() => first.going === 1);
    await first.consumer.stop();
    await wake(1);
    const second = await at.wakes();
    first.end("hand-back");
    await eventually(() => second.going === 1, { timeoutMs: 2000 });
    second.end();
    await eventually(() => second.jobs.length === 2, { what: "the run of the job added during the first run" });
    second.end();
    await eventually(isEmpty);
  });

  it("do not go to a consumer that has stopped", async () => {
    const first = await at.wakes();
    await first.consumer.stop();
    await wake(1);
    const second = await at.wakes();
    await eventually(() => second.going === 1);
    expect(first.jobs).toHaveLength(0);
    second.end();
    await eventually(isEmpty);
  });
});

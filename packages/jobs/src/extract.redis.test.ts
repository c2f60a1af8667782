import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { extractOf, useJobs } from "../test/fixture.ts";

const at = useJobs();

describe("an extraction", () => {
  it("is one job however often it is added, while it waits and while it runs", async () => {
    for (let i = 0; i < 10; i++) await at.producer.extract(extractOf("k"), i + 1);
    const runs = await at.extracts();
    await eventually(() => runs.going === 1);
    expect(runs.jobs[0]).toEqual({ v: 1, ...extractOf("k") });
    await at.producer.extract(extractOf("k"));
    runs.end();
    await eventually(() => runs.consumer.active === 0);
    await at.producer.extract(extractOf("o"));
    await eventually(() => runs.going === 1);
    expect(runs.jobs.map(({ key }) => key[0])).toEqual(["k", "o"]);
  });

  it("can be added again after it ended", async () => {
    const runs = await at.extracts();
    for (let round = 1; round <= 3; round++) {
      await eventually(async () => {
        await at.producer.extract(extractOf("k")); // does nothing while the earlier job is in the queue
        return runs.jobs.length === round;
      });
      runs.end();
      await eventually(() => runs.consumer.active === 0);
    }
  });

  it("can be added again after its last retry failed", async () => {
    const runs = await at.extracts({ handle: () => Promise.reject(new Error("always")) });
    await at.producer.extract(extractOf("k"));
    await eventually(() => runs.errors.length === 4);
    await eventually(async () => {
      await at.producer.extract(extractOf("k"));
      return runs.errors.length === 5;
    });
  });

  it("of a small file runs before that of a large one, unless more of its user wait", async () => {
    await at.producer.extract({ ...extractOf("c"), bytes: 1000 }, 2);
    await at.producer.extract({ ...extractOf("b"), bytes: 5_000_000 }, 1);
    await at.producer.extract({ ...extractOf("a"), bytes: 30_000 }, 1);
    const runs = await at.extracts({ concurrency: 1 });
    for (let done = 1; done <= 3; done++) {
      await eventually(() => runs.jobs.length === done);
      runs.end();
    }
    expect(runs.jobs.map(({ key }) => key[0])).toEqual(["a", "b", "c"]);
  });

  it("runs by priority, lowest number first", async () => {
    await at.producer.extract(extractOf("c"), 9);
    await at.producer.extract(extractOf("b"), 2);
    await at.producer.extract(extractOf("a"), 1);
    await at.producer.extract(extractOf("d"), 9);
    const runs = await at.extracts({ concurrency: 1 });
    for (let done = 1; done <= 4; done++) {
      await eventually(() => runs.jobs.length === done);
      runs.end();
    }
    expect(runs.jobs.map(({ key }) => key[0])).toEqual(["a", "b", "c", "d"]);
  });

  it("keeps its priority when it is handed back", async () => {
    const first = await at.extracts({ concurrency: 1 });
    await at.producer.extract(extractOf("a"), 1);
    await eventually(() => first.going === 1);
    await at.producer.extract(extractOf("b"), 2);
    await first.consumer.stop();
    first.end("hand-back");
    const second = await at.extracts({ concurrency: 1 });
    await eventually(() => second.going === 1);
    expect(second.jobs[0]?.key[0]).toBe("a");
  });
});

import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { extractOf, useJobs } from "../test/fixture.ts";
import { prefixesOf, shardOf } from "./catalogue.ts";
import { createProducer } from "./index.ts";

const at = useJobs();
const letters = [..."abcdefghijkl"];

describe("a queue in three slots", () => {
  it("has names of which the first is that of a queue in one", () => {
    expect(prefixesOf("{bull}", 3)).toEqual(["{bull}", "{bull-1}", "{bull-2}"]);
    expect(new Set(letters.map((letter) => shardOf(extractOf(letter).key, 3)))).toEqual(new Set([0, 1, 2]));
    expect(shardOf(extractOf("a").key, 1)).toBe(0);
  });

  it("runs each job once, and no more at once than there may be", async () => {
    await using producer = createProducer({ connection: at.connect(), prefix: at.prefix, shards: 3 });
    const runs = await at.extracts({ shards: 3, concurrency: 2 });
    await Promise.all(letters.map((letter) => producer.extract(extractOf(letter))));
    for (let done = 0; done < letters.length; done++) {
      await eventually(() => runs.going > 0, { what: `job ${done}` });
      expect(runs.going).toBeLessThanOrEqual(2);
      runs.end();
    }
    await eventually(() => runs.consumer.active === 0);
    expect(runs.jobs.map(({ key }) => key[0]).toSorted()).toEqual(letters);
    const used = await Promise.all(
      prefixesOf(at.prefix, 3).map((prefix) => at.connect().exists(`${prefix}:extract:meta`)),
    );
    expect(used).toEqual([1, 1, 1]);
  });

  it("says of each job where it is, and removes it", async () => {
    await using producer = createProducer({ connection: at.connect(), prefix: at.prefix, shards: 3 });
    for (const letter of letters) {
      const { key } = extractOf(letter);
      await producer.extract(extractOf(letter));
      expect(await producer.state(key)).toBe("waiting");
      await producer.remove(key);
      expect(await producer.state(key)).toBe("none");
    }
  });
});

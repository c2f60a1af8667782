import { fuzzValue } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { EXTRACT, MAX_PRIORITY, parseJob } from "./catalogue.ts";

const place = { shard: "s00", u: "u".repeat(22) };
const JOB = { v: 1, key: "k".repeat(32), ref: "ref", sha256: "a".repeat(64), bytes: 1, ...place, trace: "t" };

it("a job's data is a job, one of a later version, or bad, and a job names no other keys", async () => {
  await fuzzValue([JOB, { ...JOB, locked: true, network: place }, { v: 2 }], (data) => {
    const parsed = parseJob(data);
    if (parsed.kind !== "job") return expect(["newer", "bad"]).toContain(parsed.kind);
    const { job } = parsed;
    expect(`${job.key} ${job.shard} ${job.u}`).toMatch(/^[\w-]{8,64} s[0-9a-f]{2} [\w-]{22}$/);
    expect(parseJob(job)).toEqual(parsed);
    expect(EXTRACT.options(job).priority).toBeLessThanOrEqual(MAX_PRIORITY);
  });
});

import { describe, expect, it } from "vitest";
import { EXTRACT, JOB_VERSION, ASIDE, MAX_PRIORITY, parseJob } from "./catalogue.ts";

const extract = {
  v: 1 as const,
  key: "k".repeat(32),
  ref: "ref",
  sha256: "a".repeat(64),
  bytes: 1,
  shard: "s00",
  u: "u".repeat(22),
  trace: "t",
};

describe("parseJob", () => {
  it("parses a job and drops unknown fields", () => {
    expect(parseJob({ ...extract, more: 1 })).toEqual({ kind: "job", job: extract });
  });

  it("distinguishes a newer version from a broken job, whatever its other fields hold", () => {
    expect(parseJob({ v: JOB_VERSION + 1, shape: "unknown" })).toEqual({ kind: "newer" });
    expect(parseJob({ ...extract, shard: "nowhere" })).toMatchObject({
      kind: "bad",
      why: expect.stringContaining("shard"),
    });
    for (const data of [null, undefined, "text", {}, { ...extract, v: 0 }]) expect(parseJob(data).kind).toBe("bad");
  });

  it("refuses a job whose fields could name keys of another user or text", () => {
    expect(parseJob({ ...extract, u: "x}:{y".padEnd(22, "z") }).kind).toBe("bad");
    expect(parseJob({ ...extract, key: "a:b".padEnd(32, "z") }).kind).toBe("bad");
  });
});

describe("options", () => {
  it("removes ended jobs", () => {
    expect(EXTRACT.options(extract)).toMatchObject({ removeOnComplete: true, removeOnFail: true });
  });

  it.each([
    [0, 1],
    [1, 1],
    [3.7, 33],
    [1e9, ASIDE - 1],
  ])("of %d waiting are within the range of BullMQ", (waiting, priority) => {
    expect(EXTRACT.options(extract, waiting).priority).toBe(priority);
    expect(ASIDE + priority).toBeLessThanOrEqual(MAX_PRIORITY);
  });
});

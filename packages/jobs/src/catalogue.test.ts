import { describe, expect, it } from "vitest";
import { EXTRACT, JOB_VERSION, MAX_PRIORITY, parseJob, WAKE } from "./catalogue.ts";

const wake = { v: 1 as const, shard: "s7f", u: "u".repeat(22), c: "c".repeat(22) };
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
    expect(parseJob(WAKE, { ...wake, more: 1 })).toEqual({ kind: "job", job: wake });
    expect(parseJob(EXTRACT, extract)).toEqual({ kind: "job", job: extract });
  });

  it("distinguishes a newer version from a broken job, whatever its other fields hold", () => {
    expect(parseJob(WAKE, { v: JOB_VERSION + 1, shape: "unknown" })).toEqual({ kind: "newer" });
    expect(parseJob(WAKE, { ...wake, shard: "nowhere" })).toMatchObject({
      kind: "bad",
      why: expect.stringContaining("shard"),
    });
    for (const data of [null, undefined, "text", {}, { ...wake, v: 0 }]) expect(parseJob(WAKE, data).kind).toBe("bad");
  });

  it("refuses a job whose fields could name keys of another conversation", () => {
    expect(parseJob(WAKE, { ...wake, c: "x}:{y".padEnd(22, "z") }).kind).toBe("bad");
    expect(parseJob(EXTRACT, { ...extract, key: "a:b".padEnd(32, "z") }).kind).toBe("bad");
  });
});

describe("options", () => {
  it("removes ended jobs", () => {
    expect(WAKE.options(wake)).toMatchObject({ removeOnComplete: true, removeOnFail: true });
    expect(EXTRACT.options(extract)).toMatchObject({ removeOnComplete: true, removeOnFail: true });
  });

  it.each([
    [0, 1],
    [1, 1],
    [3.7, 3],
    [1e9, MAX_PRIORITY],
  ])("keeps priority %d within the range of BullMQ", (given, taken) => {
    expect(EXTRACT.options(extract, given).priority).toBe(taken);
  });
});

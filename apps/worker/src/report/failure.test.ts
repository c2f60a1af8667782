import { ChannelError } from "@docrelay/channel";
import { EngineError } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { ERROR_SAMPLES } from "@docrelay/platform/redis-error-samples";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { levelOf, originOf } from "./failure.ts";

describe("originOf", () => {
  it.each([
    ["unavailable", "ENGINE_UNAVAILABLE"],
    ["timeout", "ENGINE_TIMEOUT"],
    ["bad-reply", "ENGINE_BAD_REPLY"],
  ] as const)("makes an engine's %s a %s", (kind, code) => {
    expect(originOf(new EngineError(kind, "said"))).toEqual({ kind: "engine", failure: { code } });
  });

  it("keeps the reason of a bad reply", () => {
    const error = new EngineError("bad-reply", "said", { reason: "size" });
    expect(originOf(error)).toEqual({ kind: "engine", failure: { code: "ENGINE_BAD_REPLY", reason: "size" } });
  });

  it.each([
    ...ERROR_SAMPLES.filter(({ kind }) => kind),
    {
      name: "a folder of blobs that is full, read-only or away",
      error: new ChannelError("io", "the folder of blobs: EROFS"),
    },
    { name: "a queue that does not answer", error: new JobsError("timeout", "no answer") },
  ])("classifies $name as an error of the store", ({ error }) => expect(originOf(error)).toEqual({ kind: "store" }));

  it.each([
    ...ERROR_SAMPLES.filter(({ kind }) => !kind),
    { name: "a wrong reply of the channel", error: new ChannelError("wrong-answer", "take answered X") },
    { name: "a job that does not fit its schema", error: new JobsError("shape", "no job") },
  ])("takes $name for a bug", ({ error }) => expect(originOf(error)).toEqual({ kind: "bug" }));
});

describe("levelOf", () => {
  it("has a level for every code, and only our own faults are errors", () => {
    const loud = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => levelOf(code) === "error");
    expect(loud.sort()).toEqual(["INTERNAL", "STORE_UNAVAILABLE"]);
  });
});

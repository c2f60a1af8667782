import { ChannelError } from "@docrelay/channel";
import { failure as engineFailure } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { ERROR_SAMPLES } from "@docrelay/platform/redis-error-samples";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { levelOf, originOf, withOwnWords } from "./failure.ts";

describe("originOf", () => {
  it.each([
    ["refused", "ENGINE_UNAVAILABLE", "refused", undefined],
    ["tls", "ENGINE_UNAVAILABLE", "tls", /refuses this server/],
    ["full", "ENGINE_UNAVAILABLE", "full", /is busy/],
    ["timeout-first", "ENGINE_TIMEOUT", "timeout-first", undefined],
    ["timeout-idle", "ENGINE_TIMEOUT", "timeout-idle", /in the middle/],
    ["reply-error", "ENGINE_BAD_REPLY", "error", /reports an error/],
    ["reply-empty", "ENGINE_BAD_REPLY", "empty", undefined],
  ] as const)("makes %s of an engine a %s with reason %s and a sentence that fits", (why, code, reason, message) => {
    const error = engineFailure(why);
    const origin = originOf(error);
    expect(origin).toMatchObject({ kind: "engine", failure: { code, reason, engine: error } });
    const said = origin.kind === "engine" ? origin.failure.message : "";
    if (message === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(message);
  });

  it("keeps the engine's words from users, unless they are asked for", () => {
    const origin = originOf(engineFailure("reply-error", { said: "context length exceeded" }));
    const failure = origin.kind === "engine" ? origin.failure : undefined;
    expect(failure?.message).not.toContain("context");
    expect(failure && withOwnWords(failure).message).toBe("The AI engine says: context length exceeded");
    expect(withOwnWords({ code: "ASK_EXPIRED" })).toEqual({ code: "ASK_EXPIRED" });
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

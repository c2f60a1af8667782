import { ChannelError } from "@docrelay/channel";
import { JobsError } from "@docrelay/jobs";
import { ERROR_SAMPLES } from "@docrelay/platform/redis-error-samples";
import { ERRORS, refuse, wireErrorSchema, type ErrorCode } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { toFailure } from "./failure.ts";

describe("toFailure", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])("lets the refusal %s through as it is", (code) => {
    const refusal = refuse(code, { reason: "why", retryAfterMs: 7 });
    expect(toFailure(refusal)).toEqual({ wire: refusal.wire, severity: "refused" });
    expect(wireErrorSchema.parse(refusal.wire)).toMatchObject({ code, retryable: ERRORS[code].retryable });
  });

  it.each([
    ...ERROR_SAMPLES.filter(({ kind }) => kind),
    {
      name: "a folder of blobs that is full, read-only or away",
      error: new ChannelError("io", "the folder of blobs: EROFS"),
    },
    { name: "a queue that does not answer", error: new JobsError("timeout", "no answer") },
  ])("maps $name to STORE_UNAVAILABLE", ({ error }) => {
    const { wire, severity } = toFailure(error);
    expect(severity).toBe("store");
    expect(wire).toEqual({
      code: "STORE_UNAVAILABLE",
      message: ERRORS.STORE_UNAVAILABLE.message,
      retryable: true,
      retryAfterMs: 500,
    });
  });

  it("says that stored bytes with a hole did not arrive whole", () => {
    expect(toFailure(new ChannelError("hole", "no bytes at 77"))).toMatchObject({
      severity: "refused",
      wire: { code: "FILE_CORRUPT" },
    });
  });

  it.each([
    ...ERROR_SAMPLES.filter(({ kind }) => !kind),
    { name: "a wrong reply of the channel", error: new ChannelError("wrong-answer", "accept answered X") },
    { name: "a job that does not fit its schema", error: new JobsError("shape", "no job") },
    { name: "an object that looks like a refusal", error: { wire: { code: "BUSY" } } },
  ])("maps $name to INTERNAL, without its text", ({ error }) => {
    const { wire, severity } = toFailure(error);
    expect(severity).toBe("bug");
    expect(wire).toEqual({ code: "INTERNAL", message: ERRORS.INTERNAL.message, retryable: true });
  });
});

import { ChannelError } from "@docrelay/channel";
import { JobsError } from "@docrelay/jobs";
import { DeadlineError } from "@docrelay/platform";
import { ERRORS, refuse, wireErrorSchema, type ErrorCode } from "@docrelay/protocol";
import { freePort } from "@docrelay/testkit";
import { Redis, ReplyError, type RedisOptions } from "ioredis";
import { describe, expect, it } from "vitest";
import { toFailure } from "./failure.ts";

const STORE = [
  "Command timed out",
  "Connection is closed.",
  "Stream isn't writeable and enableOfflineQueue options is false",
];
const REDIS = [
  "OOM command not allowed when used memory > 'maxmemory'.",
  "READONLY You can't write against a read only replica.",
  "LOADING Redis is loading the dataset in memory",
  "MISCONF Redis is configured to save RDB snapshots",
  "CLUSTERDOWN The cluster is down",
  "EXECABORT Transaction discarded because of previous errors.",
  "NOAUTH Authentication required.",
];
const withCode = (code: string): Error => Object.assign(new Error("open /secret/path"), { code });

describe("toFailure", () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])("lets the refusal %s through as it is", (code) => {
    const refusal = refuse(code, { reason: "why", retryAfterMs: 7 });
    expect(toFailure(refusal)).toEqual({ wire: refusal.wire, severity: "refused" });
    expect(wireErrorSchema.parse(refusal.wire)).toMatchObject({ code, retryable: ERRORS[code].retryable });
  });

  it.each([
    ...[...STORE, ...REDIS].map(
      (message) => [message, message.includes(" ") ? new ReplyError(message) : new Error(message)] as const,
    ),
    ["a disk of blobs that is full, read-only or away", new ChannelError("io", "the folder of blobs: EROFS")] as const,
    ["a deadline", new DeadlineError(900)] as const,
    ["a queue that does not answer", new JobsError("timeout", "no answer")] as const,
    ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "EMFILE"].map((code) => [code, withCode(code)] as const),
  ])("says of %s that the store is away", (_name, error) => {
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
    ["a script error", new ReplyError("ERR user_script:3: attempt to index a nil value")],
    ["a wrong answer", new ChannelError("wrong-answer", "accept answered X")],
    ["a bug", new TypeError("Cannot read properties of undefined (reading 'secret')")],
    ["a string", "secret"],
    ["nothing", undefined],
    ["an object", { wire: { code: "BUSY" } }],
  ])("tells nothing of %s", (_name, error) => {
    const { wire, severity } = toFailure(error);
    expect(severity).toBe("bug");
    expect(wire).toEqual({ code: "INTERNAL", message: ERRORS.INTERNAL.message, retryable: true });
  });

  it.each<[string, Omit<RedisOptions, "replyMapping">]>([
    ["and is tried once more", { maxRetriesPerRequest: 1, retryStrategy: () => 10 }],
    ["and is given up", { retryStrategy: () => null }],
    ["and nothing waits for it", { enableOfflineQueue: false }],
    ["in time", { commandTimeout: 20, retryStrategy: () => 1000 }],
  ])("knows what a Redis that is not there %s really throws", async (_name, options) => {
    const redis = new Redis({ port: await freePort(), ...options });
    redis.on("error", () => undefined);
    const error: unknown = await redis.ping().catch((reason: unknown) => reason);
    redis.disconnect();
    expect(toFailure(error)).toMatchObject({ severity: "store" });
  });
});

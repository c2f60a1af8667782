import { ChannelError } from "@docrelay/channel";
import { EngineError } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import { startRedis } from "@docrelay/testkit";
import { Redis, ReplyError } from "ioredis";
import { describe, expect, it } from "vitest";
import { backoffMs, levelOf, originOf } from "./failure.ts";

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
    "READONLY You can't write against a read only replica.",
    "LOADING Redis is loading",
    "OOM command not allowed",
    "MISCONF Errors writing to the AOF",
  ])("takes Redis's %s for the store's", (message) =>
    expect(originOf(new ReplyError(message))).toEqual({ kind: "store" }),
  );

  it("takes a disk of blobs that is full, read-only or away for the store's", () =>
    expect(originOf(new ChannelError("io", "the folder of blobs: EROFS"))).toEqual({ kind: "store" }));

  it("takes a script error, a wrong answer and anything else for a bug", () => {
    expect(originOf(new ReplyError("ERR user_script:3: attempt to index a nil value"))).toEqual({ kind: "bug" });
    expect(originOf(new ChannelError("wrong-answer", "take answered X"))).toEqual({ kind: "bug" });
    expect(originOf(new TypeError("undefined is not a function"))).toEqual({ kind: "bug" });
    expect(originOf("text")).toEqual({ kind: "bug" });
    expect(originOf(new JobsError("shape", "no job"))).toEqual({ kind: "bug" });
  });

  it("takes what ioredis throws while Redis is silent, gone or refusing for the store's", async () => {
    await using server = await startRedis();
    const redis = new Redis(server.url, { commandTimeout: 100, maxRetriesPerRequest: 1, retryStrategy: () => 20 });
    redis.on("error", () => undefined);
    await redis.ping();
    const errorOf = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => "no error",
        (error: unknown) => error,
      );
    await server.pause();
    expect(originOf(await errorOf(redis.get("key")))).toEqual({ kind: "store" });
    await server.resume();
    await redis.config("SET", "maxmemory", "1");
    expect(originOf(await errorOf(redis.set("key", "value")))).toEqual({ kind: "store" });
    expect(originOf(await errorOf(redis.eval("return redis.call('SET', KEYS[1], 'v')", 1, "key")))).toEqual({
      kind: "store",
    });
    await server.kill();
    expect(originOf(await errorOf(redis.get("key")))).toEqual({ kind: "store" });
    redis.disconnect();
    expect(originOf(await errorOf(redis.get("key")))).toEqual({ kind: "store" });
    expect(originOf(new JobsError("timeout", "late"))).toEqual({ kind: "store" });
  });
});

describe("levelOf", () => {
  it("has a level for every code, and only our own faults are errors", () => {
    const loud = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => levelOf(code) === "error");
    expect(loud.sort()).toEqual(["INTERNAL", "STORE_UNAVAILABLE"]);
  });
});

describe("backoffMs", () => {
  it("grows, with jitter, up to 2 s", () => {
    expect([backoffMs(2, 0), backoffMs(2, 1), backoffMs(3, 0), backoffMs(3, 1)]).toEqual([100, 200, 200, 400]);
    for (let next = 1; next < 100; next++) expect(backoffMs(next, 1)).toBeLessThanOrEqual(2000);
  });
});

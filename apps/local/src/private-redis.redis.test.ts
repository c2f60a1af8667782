import { existsSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { startPrivateRedis } from "./private-redis.ts";

const SERVER = process.env["DOCRELAY_REDIS_SERVER"] || "redis-server";
const socketOf = (url: string): string => url.slice("unix:".length);
describe("a private Redis", () => {
  it("answers on a socket that only we may use, syncs every write, and goes with its folder", async () => {
    const redis = await startPrivateRedis(SERVER);
    const socket = socketOf(redis.url);
    expect(socket.length).toBeLessThan(108);
    expect(existsSync(socket)).toBe(true);
    await redis[Symbol.asyncDispose]();
    await redis.ended;
    expect(existsSync(dirname(socket))).toBe(false);
  });

  it("tells when it ended unasked", async () => {
    const redis = await startPrivateRedis(SERVER);
    const socket = connect(socketOf(redis.url));
    socket.on("error", () => undefined);
    socket.write("SHUTDOWN NOSAVE\r\n");
    await redis.ended;
    await redis[Symbol.asyncDispose]();
    expect(existsSync(dirname(socketOf(redis.url)))).toBe(false);
  });

  it("says why it did not start", async () => {
    await expect(startPrivateRedis("/nowhere/redis-server")).rejects.toThrow(/^Redis ended at once/);
  });
});

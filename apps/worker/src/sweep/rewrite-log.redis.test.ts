import { eventually, startRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { readdirSync, truncateSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLogRewriter } from "./rewrite-log.ts";

describe("a Redis that was killed in the middle of writing down a script", () => {
  it("executes no half of it after a later start", async () => {
    const server = await startRedis({ aof: true, container: false });
    const redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    redis.on("error", () => undefined);
    try {
      const rewriteLog = createLogRewriter(redis);
      await redis.eval("for i = 1, 3 do redis.call('SET', 'half' .. i, i) end", 0);
      const [, dir = ""] = await redis.config("GET", "dir");
      await server.kill();
      const folder = join(dir, "appendonlydir");
      const file = join(folder, readdirSync(folder).find((name) => name.endsWith(".incr.aof")) ?? "");
      // This cuts the file within its last command, as it is after Redis was killed while it wrote the command.
      truncateSync(file, statSync(file).size - 25);
      await server.restart();
      await eventually(() => redis.ping());
      expect(await redis.exists("half1", "half2", "half3")).toBe(0);
      await rewriteLog();
      await eventually(async () =>
        /aof_rewrite_in_progress:0[^]*aof_last_bgrewrite_status:ok/.test(await redis.info()),
      );
      await eventually(() => readdirSync(folder).some((name) => /\.2\.base\./.test(name)));
      await redis.eval("for i = 1, 2 do redis.call('SET', 'whole' .. i, i) end", 0);
      await server.kill();
      await server.restart();
      await eventually(() => redis.ping());
      expect(await redis.exists("half1", "half2", "half3")).toBe(0);
      expect(await redis.exists("whole1", "whole2")).toBe(2);
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });
});

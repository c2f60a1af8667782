import { eventually, freePort, startRedis, type TestRedis } from "@docrelay/testkit";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startFakeRedis } from "../test/fake-redis.ts";
import { connectRedis, connectSubscriber, type RedisConnectionOptions, type SingleServer } from "./redis.ts";
import { inspectRedis, PlatformError, untilReply } from "./redis-check.ts";

let server: TestRedis;
const open: Redis[] = [];
const errors: Error[] = [];
function connect(more: Partial<RedisConnectionOptions<SingleServer>> = {}): Redis {
  const redis = connectRedis({
    server: { url: server.url },
    purpose: "command",
    name: "test",
    onError: (error) => errors.push(error),
    ...more,
  });
  open.push(redis);
  return redis;
}
const timed = async (work: Promise<unknown>): Promise<{ ms: number; error: unknown }> => {
  const begun = performance.now();
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { ms: performance.now() - begun, error };
};

beforeAll(async () => {
  server = await startRedis({ aof: true });
});
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
  errors.length = 0;
});
afterAll(() => server.stop());

describe("a connection for commands", () => {
  it("has its name in the client list of Redis", async () => {
    const redis = connect({ name: "edge:command" });
    expect(await redis.client("GETNAME")).toBe("edge:command");
  });

  it("writes the commands of one turn of the loop in one system call, in order, also with a pipeline and after a reconnect", async () => {
    const redis = connect();
    const count = async (key: string): Promise<void> => {
      const writes: number[] = [];
      const { stream } = redis;
      const write = stream._writev?.bind(stream);
      stream._writev = (chunks, done) => {
        writes.push(chunks.length);
        write?.(chunks, done);
      };
      const answers = [redis.rpush(key, "a"), redis.rpush(key, "b"), redis.pipeline().rpush(key, "c").exec()];
      // The next command is sent later in the same turn of the event loop, as if the message of another socket had
      // caused it.
      await new Promise(process.nextTick);
      answers.push(redis.rpush(key, "d"));
      await Promise.all(answers);
      expect(writes).toEqual([4]);
      expect(await redis.lrange(key, 0, -1)).toEqual(["a", "b", "c", "d"]);
    };
    await redis.ping();
    await count("before");
    redis.stream.destroy();
    await eventually(() => redis.ping());
    await count("after");
  });

  it("times out when Redis is connected but silent, and works again after that", async () => {
    const redis = connect({ commandTimeoutMs: 300 });
    expect(await redis.ping()).toBe("PONG");
    await server.pause();
    try {
      const { ms, error } = await timed(redis.ping());
      expect(error).toMatchObject({ message: "Command timed out" });
      expect(ms).toBeLessThan(5000);
    } finally {
      await server.resume();
    }
    expect(await eventually(() => redis.ping())).toBe("PONG");
  });

  it("fails at once while the connection is down when it has no offline queue", async () => {
    const redis = connect({ server: { url: `redis://127.0.0.1:${await freePort()}` }, offlineQueue: false });
    const { error } = await timed(redis.ping());
    expect(String(error)).toMatch(/isn't writeable|ECONNREFUSED/);
  });

  it("reports every error to onError, and none is unhandled", async () => {
    const redis = connect({ server: { url: `redis://127.0.0.1:${await freePort()}` } });
    await eventually(() => errors.length >= 3);
    expect(errors.every((error) => error.message.includes("ECONNREFUSED"))).toBe(true);
    redis.disconnect();
  });

  it("survives a second error of one socket, such as an alert of TLS after the first", async () => {
    const redis = connect();
    await redis.ping();
    const { stream } = redis;
    stream.emit("error", new Error("the first"));
    stream.emit("error", new Error("an alert"));
    stream.destroy();
    expect(await redis.ping()).toBe("PONG");
    expect(redis.stream).not.toBe(stream);
  });

  it("reconnects after Redis was killed", async () => {
    const redis = connect();
    await redis.set("kept", "1");
    await server.kill();
    await eventually(() => errors.length > 0);
    await server.restart();
    expect(await eventually(() => redis.get("kept"))).toBe("1");
  });
});

describe("a subscriber", () => {
  it("subscribes again after Redis was killed", async () => {
    const subscriber = connectSubscriber({ server: { url: server.url }, name: "test", onError: () => undefined });
    open.push(subscriber);
    const heard: string[] = [];
    subscriber.on("smessage", (_channel, text: string) => heard.push(text));
    await subscriber.ssubscribe("channel");
    await server.kill();
    await server.restart();
    const publisher = connect();
    await eventually(async () => {
      await publisher.spublish("channel", "after");
      return heard.includes("after");
    });
  });

  it.each(["sharded", "plain"])(
    "keeps all others when the last %s channel is left, also over a reconnect",
    async (kind) => {
      const subscriber = connectSubscriber({ server: { url: server.url }, name: "test", onError: () => undefined });
      const publisher = connect();
      open.push(subscriber);
      const heard: string[] = [];
      for (const event of ["message", "smessage"])
        subscriber.on(event, (channel: string, text: string) => heard.push(`${channel} ${text}`));
      await subscriber.ssubscribe("sharded");
      await subscriber.subscribe("plain");
      const publish = async (channel: string, text: string): Promise<unknown> =>
        channel === "plain" ? publisher.publish(channel, text) : publisher.spublish(channel, text);
      await (kind === "plain" ? subscriber.unsubscribe(kind) : subscriber.sunsubscribe(kind));
      const other = kind === "plain" ? "sharded" : "plain";
      expect(await publish(other, "one")).toBe(1);
      await eventually(() => heard.includes(`${other} one`), { what: "a message" });

      await publisher.call("CLIENT", "KILL", "TYPE", "pubsub");
      await eventually(async () => (await publish(other, "two")) === 1, { what: "a subscription after the reconnect" });
      await eventually(() => heard.includes(`${other} two`), { what: "a message after the reconnect" });
      expect(await publish(kind, "three")).toBe(0);
    },
  );

  it("has no command timeout when it is blocking", async () => {
    const blocking = connect({ purpose: "blocking", commandTimeoutMs: 50 });
    expect(await blocking.blpop("nothing", 0.3)).toBeNull();
  });
});

describe("inspectRedis", () => {
  it("returns version and settings, without a warning when every write is fsynced and nothing is evicted", async () => {
    const facts = await inspectRedis(connect(), 5000);
    expect(facts).toMatchObject({ maxmemoryPolicy: "noeviction", aof: "always", warnings: [] });
    expect(Number(facts.version?.split(".")[0])).toBeGreaterThanOrEqual(7);
  });

  it("warns of settings under which data may be lost", async () => {
    const redis = connect();
    await redis.config("SET", "maxmemory-policy", "allkeys-lru");
    await redis.config("SET", "appendfsync", "everysec");
    expect((await inspectRedis(redis, 5000)).warnings).toEqual([
      expect.stringMatching(/^maxmemory-policy is allkeys-lru: .* set noeviction$/),
      expect.stringMatching(/^appendfsync is everysec: .* set always$/),
    ]);
    await redis.config("SET", "appendonly", "no");
    expect((await inspectRedis(redis, 5000)).warnings[1]).toMatch(/^the append-only file is off/);
  });

  it("warns when a managed Redis forbids CONFIG", async () => {
    const admin = connect();
    await admin.call("ACL", "SETUSER", "managed", "on", ">pass", "allkeys", "allcommands", "-config");
    const redis = connect({ server: { url: server.url.replace("redis://", "redis://managed:pass@") } });
    const { maxmemoryPolicy, warnings } = await inspectRedis(redis, 5000);
    expect(maxmemoryPolicy).toBe("unknown");
    expect(warnings).toHaveLength(2);
  });

  it.each(["6.2.14", "5.0.3"])("rejects version %s with the version in the message", async (version) => {
    await using old = await startFakeRedis(version);
    const looking = inspectRedis(connect({ server: { url: old.url } }), 5000);
    await expect(looking).rejects.toMatchObject({
      name: "PlatformError",
      kind: "redis-version",
      message: `Redis ${version} is too old: sharded pub/sub needs 7.0 or newer`,
    });
  });

  it("accepts the same server as version 7", async () => {
    await using fake = await startFakeRedis("7.0.0");
    expect((await inspectRedis(connect({ server: { url: fake.url } }), 5000)).version).toBe("7.0.0");
  });

  it("rejects at its deadline when there is no Redis", async () => {
    const redis = connect({ server: { url: `redis://127.0.0.1:${await freePort()}` }, offlineQueue: false });
    const { ms, error } = await timed(inspectRedis(redis, 300));
    expect(error).toBeInstanceOf(PlatformError);
    expect(error).toMatchObject({ kind: "redis-unreachable" });
    expect(ms).toBeGreaterThan(250);
  });
});

describe("untilReply", () => {
  it("repeats a command that timed out, and nothing that is a bug", async () => {
    const replies = [new Error("Command timed out"), new Error("Command timed out")];
    const command = async (): Promise<string> => {
      const error = replies.shift();
      if (error) throw error;
      return "stored";
    };
    expect(await untilReply(command, 5000)).toBe("stored");
    replies.push(new TypeError("a bug"));
    await expect(untilReply(command, 5000)).rejects.toBeInstanceOf(TypeError);
    const never = async (): Promise<never> => Promise.reject(new Error("Command timed out"));
    await expect(untilReply(never, 0)).rejects.toMatchObject({ kind: "redis-unreachable" });
  });
});

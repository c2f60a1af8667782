import { eventually, freePort, startRedis, type TestRedis } from "@docrelay/testkit";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { open as openFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { storeErrorKind, type StoreErrorKind } from "./redis-error.ts";
import { ERROR_SAMPLES } from "./redis-error.samples.ts";

let server: TestRedis;
let admin: Redis;
const open: Array<{ disconnect(): void }> = [];

function connect(url = server.url, options: Omit<RedisOptions, "replyMapping"> = {}): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => 20, ...options });
  redis.on("error", () => undefined);
  open.push(redis);
  return redis;
}
async function errorOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("there was no error");
}
const SET = "return redis.call('SET', KEYS[1], 'v')";
const as = (user: string): string => server.url.replace("redis://", `redis://${user}@`);

beforeAll(async () => {
  server = await startRedis({ aof: true });
  admin = new Redis(server.url);
});
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

it.each(ERROR_SAMPLES)("judges $name as $kind", ({ error, kind }) => {
  expect(storeErrorKind(error)).toBe(kind);
});

/** Runs `work` while the server's setting `name` is `value`, then sets it back to `normal`. */
async function withSetting<T>(name: string, value: string, normal: string, work: () => Promise<T>): Promise<T> {
  await admin.config("SET", name, value);
  try {
    return await work();
  } finally {
    await admin.config("SET", name, normal);
  }
}

// Errors of a real server. `makes` provokes the error, and returns it as the client reports it.
const REAL: ReadonlyArray<readonly [word: string, kind: StoreErrorKind | undefined, makes: () => Promise<Error>]> = [
  ["OOM", "refused", () => withSetting("maxmemory", "1", "0", () => errorOf(connect().set("key", "v")))],
  ["OOM", "refused", () => withSetting("maxmemory", "1", "0", () => errorOf(connect().eval(SET, 1, "key")))],
  [
    "EXECABORT",
    "refused",
    () => withSetting("maxmemory", "1", "0", () => errorOf(connect().multi().set("k", "v").exec())),
  ],
  ["EXECABORT", undefined, () => errorOf(connect().multi().call("NOSUCH").exec())],
  [
    "NOREPLICAS",
    "refused",
    () => withSetting("min-replicas-to-write", "1", "0", () => errorOf(connect().set("k", "v"))),
  ],
  [
    "READONLY",
    "refused",
    async () => {
      await admin.replicaof("127.0.0.1", await freePort());
      return errorOf(connect().set("key", "v")).finally(() => admin.replicaof("NO", "ONE"));
    },
  ],
  [
    "MASTERDOWN",
    "refused",
    async () => {
      await admin.replicaof("127.0.0.1", await freePort());
      return withSetting("replica-serve-stale-data", "no", "yes", () => errorOf(connect().get("key"))).finally(() =>
        admin.replicaof("NO", "ONE"),
      );
    },
  ],
  ["NOAUTH", "misconfigured", () => withSetting("requirepass", "sesame", "", () => errorOf(connect().get("key")))],
  ["WRONGPASS", "misconfigured", () => errorOf(connect(as("limited:wrong")).get("key"))],
  ["NOPERM", "misconfigured", () => errorOf(connect(as("limited:pass")).set("key", "v"))],
  ["ERR", "misconfigured", () => errorOf(connect(as("limited:pass")).eval(SET, 1, "key"))],
  [
    "UNBLOCKED",
    "refused",
    async () => {
      const blocked = connect();
      const id = await blocked.client("ID");
      const error = errorOf(blocked.blpop("nothing", 0));
      await eventually(async () => (await admin.client("UNBLOCK", id, "ERROR")) === 1);
      return error;
    },
  ],
  ["NOSCRIPT", "refused", () => errorOf(connect().evalsha("a".repeat(40), 0))],
  [
    "WRONGTYPE",
    undefined,
    () =>
      errorOf(
        connect()
          .set("text", "v")
          .then(() => admin.lpush("text", "v")),
      ),
  ],
  ["ERR", undefined, () => errorOf(connect().eval("return nil + 1", 0))],
];

describe("a real Redis", () => {
  beforeAll(() => admin.call("ACL", "SETUSER", "limited", "on", ">pass", "~*", "+get", "+eval", "+info", "+hello"));

  it.each(REAL)("that replies %s: %s", async (word, kind, makes) => {
    const error = await makes();
    expect(error).toMatchObject({ name: "ReplyError", message: expect.stringMatching(new RegExp(`^${word} `)) });
    expect(storeErrorKind(error)).toBe(kind);
  });

  it("that runs a script for too long: BUSY, and for the script that was then killed", async () => {
    const other = connect();
    await withSetting("busy-reply-threshold", "20", "5000", async () => {
      const endless = errorOf(connect().eval("while true do end", 0));
      const busy = await eventually(() => errorOf(other.get("key")));
      expect([busy.message, storeErrorKind(busy)]).toEqual([expect.stringMatching(/^BUSY /), "refused"]);
      await admin.script("KILL");
      expect(storeErrorKind(await endless)).toBe("refused");
    });
  });

  it("that cannot kill a script which has written: UNKILLABLE", async () => {
    // This script ends by itself after a second.
    const script = `redis.call('SET', KEYS[1], 'v') local from = redis.call('TIME')
      while true do local now = redis.call('TIME')
      if (now[1] - from[1]) * 1000000 + now[2] - from[2] > 1000000 then return 1 end end`;
    const other = connect();
    await withSetting("busy-reply-threshold", "20", "5000", async () => {
      const running = connect().eval(script, 1, "key");
      await eventually(() => errorOf(other.get("key")));
      const error = await errorOf(other.script("KILL"));
      expect([error.message, storeErrorKind(error)]).toEqual([expect.stringMatching(/^UNKILLABLE /), "refused"]);
      await running;
    });
  });

  it("that has no room for another client", async () => {
    await withSetting("maxclients", "1", "10000", async () => {
      expect(storeErrorKind(await errorOf(connect().get("key")))).toBe("unreachable");
    });
  });

  it("that cannot save to its disk and refuses writes: MISCONF", async () => {
    // Nobody can write to /proc, not even root, so this Redis cannot save its data.
    await using other = await startRedis({ args: ["--dir", "/proc", "--save", "1 1"] });
    const redis = connect(other.url);
    await redis.bgsave();
    await eventually(async () => (await redis.info("persistence")).includes("rdb_last_bgsave_status:err"));
    const error = await errorOf(redis.set("key", "v"));
    expect([error.message, storeErrorKind(error)]).toEqual([expect.stringMatching(/^MISCONF /), "refused"]);
  });

  it("that is back but reads its file still: LOADING", async () => {
    const slowly = ["--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"];
    await using other = await startRedis({ args: slowly });
    const writer = connect(other.url);
    await writer.mset(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`key${n}`, "x".repeat(100)])));
    await writer.save();
    await other.kill();
    const back = other.restart();
    const reader = connect(other.url, { enableReadyCheck: false });
    const error = await eventually(async () => {
      const failed = await errorOf(reader.get("key1"));
      return failed.name === "ReplyError" ? failed : undefined;
    });
    expect([error.message, storeErrorKind(error)]).toEqual([expect.stringMatching(/^LOADING /), "refused"]);
    await back;
  });

  it("that is paused, killed or was never there, and a connection that was ended", async () => {
    await using other = await startRedis();
    const redis = connect(other.url, { commandTimeout: 100 });
    await redis.ping();
    await other.pause();
    expect(storeErrorKind(await errorOf(redis.get("key")))).toBe("unreachable");
    await other.resume();
    await eventually(() => redis.ping());
    const underWay = errorOf(redis.blpop("nothing", 0));
    await other.kill();
    expect(storeErrorKind(await underWay)).toBe("unreachable");
    expect(storeErrorKind(await errorOf(redis.get("key")))).toBe("unreachable");
    redis.disconnect();
    expect(storeErrorKind(await errorOf(redis.get("key")))).toBe("unreachable");
  });

  it.each<[string, Omit<RedisOptions, "replyMapping">]>([
    ["tries once more", { maxRetriesPerRequest: 1 }],
    ["gives up", { retryStrategy: () => null }],
    ["queues nothing", { enableOfflineQueue: false }],
    ["has a deadline", { commandTimeout: 20, maxRetriesPerRequest: null }],
  ])("that is not there, for a client that %s", async (_name, options) => {
    const redis = connect(`redis://127.0.0.1:${await freePort()}`, options);
    expect(storeErrorKind(await errorOf(redis.get("key")))).toBe("unreachable");
  });

  it("cluster of which no node answers", async () => {
    const cluster = new Cluster([{ host: "127.0.0.1", port: await freePort() }], { clusterRetryStrategy: () => null });
    const errors: Error[] = [];
    cluster.on("error", (error) => errors.push(error));
    open.push(cluster);
    expect(storeErrorKind(await errorOf(cluster.get("key")))).toBe("unreachable");
    expect(errors.map(storeErrorKind)).not.toContain(undefined);
  });

  it("name that does not resolve", async () => {
    const redis = connect("redis://no-such-host.invalid:6379", { enableOfflineQueue: false });
    const error = await new Promise<Error>((resolve) => redis.once("error", resolve));
    expect(storeErrorKind(error)).toBe("unreachable");
  });
});

describe("a real folder", () => {
  it("that is not there or is a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "docrelay-"));
    try {
      const file = join(folder, "file");
      await writeFile(file, "");
      for (const path of [join(folder, "missing", "file"), join(file, "inside")])
        expect(storeErrorKind(await errorOf(openFile(path, "r")))).toBe("misconfigured");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

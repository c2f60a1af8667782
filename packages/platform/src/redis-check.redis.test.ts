import { createAuthority, eventually, freePort, startRedis, type TestRedis } from "@docrelay/testkit";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inspectRedis, PlatformError } from "./redis-check.ts";
import { connectRedis, type SingleServer } from "./redis.ts";

const open: Redis[] = [];
function connect(server: SingleServer): Redis {
  const redis = connectRedis({ server, purpose: "command", name: "test", onError: () => undefined });
  open.push(redis);
  return redis;
}
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});

/**
 * Returns the error that explains why a server cannot be used. The error must come at once: the deadline is a minute
 * away.
 */
async function problemOf(server: SingleServer): Promise<PlatformError> {
  const error: unknown = await inspectRedis(connect(server), 60_000).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PlatformError) return error;
  throw new Error(`no problem, but ${String(error)}`);
}

describe("a Redis that cannot be used says at once what to do", () => {
  let server: TestRedis;
  let admin: Redis;
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    await admin.call("ACL", "SETUSER", "few", "on", ">pass", "~*", "&*", "+@all", "-info", "-config");
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  it("when it wants a password, or another one", async () => {
    await admin.config("SET", "requirepass", "sesame");
    try {
      expect(await problemOf({ url: server.url })).toMatchObject({
        kind: "redis-setting",
        message: "Redis wants a password: set REDIS_PASSWORD (and REDIS_USERNAME, if it has users).",
      });
      const wrong = await problemOf({ url: server.url, password: "hunter2" });
      expect(wrong.message).toBe("Redis refuses this user name or password: check REDIS_USERNAME and REDIS_PASSWORD.");
      expect((await inspectRedis(connect({ url: server.url, password: "sesame" }), 5000)).version).toMatch(/^\d/);
    } finally {
      await admin.config("SET", "requirepass", "");
    }
  });

  it("but not for a user who may not read its facts, as managed servers have", async () => {
    const facts = await inspectRedis(connect({ url: server.url, username: "few", password: "pass" }), 5000);
    expect(facts).toMatchObject({ version: undefined, maxmemoryPolicy: "unknown" });
  });

  it("when it is a replica", async () => {
    await admin.replicaof("127.0.0.1", await freePort());
    try {
      expect((await problemOf({ url: server.url })).message).toMatch(/^Redis is a replica, .*REDIS_SENTINELS\.$/);
    } finally {
      await admin.replicaof("NO", "ONE");
    }
  });

  it("when it is a node of a cluster", async () => {
    await using node = await startRedis({ args: ["--cluster-enabled", "yes"] });
    expect((await problemOf({ url: node.url })).message).toMatch(/^Redis is a node of a cluster/);
  });

  it("when it is a web server", async () => {
    const web = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(web, "listening");
    try {
      const { port } = web.address() as AddressInfo;
      expect((await problemOf({ url: `redis://127.0.0.1:${port}` })).message).toBe(
        "What answers is not Redis: check host and port of REDIS_URL.",
      );
    } finally {
      web.close();
      web.closeAllConnections();
    }
  });
});

describe("Redis over TLS", () => {
  const authority = createAuthority("docrelay test");
  const own = authority.issue(["127.0.0.1"]);
  let folder = "";
  let server: TestRedis;
  let url = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "docrelay-tls-"));
    const options: string[] = [];
    for (const [name, pem] of Object.entries({ "ca-cert": authority.cert, cert: own.cert, key: own.key })) {
      await writeFile(join(folder, name), pem);
      options.push(`--tls-${name}-file`, join(folder, name));
    }
    const port = await freePort();
    url = `rediss://127.0.0.1:${port}`;
    server = await startRedis({ container: false, args: ["--tls-port", String(port), ...options] });
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("is used with its authority and a certificate of the client", async () => {
    const facts = await inspectRedis(connect({ url, tls: { ca: authority.cert, ...own } }), 5000);
    expect(facts.version).toMatch(/^\d/);
    expect((await problemOf({ url, tls: { ca: authority.cert } })).message).toBe(
      "Redis wants a certificate of its client: set REDIS_TLS_CERT and REDIS_TLS_KEY.",
    );
  });

  it("says that the authority is unknown, and that a port speaks no TLS", async () => {
    expect((await problemOf({ url })).message).toBe(
      "The certificate of Redis is of an unknown authority: set REDIS_TLS_CA to the authority's PEM file.",
    );
    const plain = inspectRedis(connect({ url: server.url.replace("redis:", "rediss:") }), 300);
    await expect(plain).rejects.toThrow(/use redis:\/\//);
    const without = inspectRedis(connect({ url: url.replace("rediss:", "redis:") }), 300);
    await expect(without).rejects.toThrow(/if the port wants TLS, use rediss:\/\//);
  });
});

describe("DURABILITY=replicated", () => {
  it("wants min-replicas-to-write, and says that no replica is there", async () => {
    await using master = await startRedis({ args: ["--min-replicas-to-write", "0"] });
    const admin = connect({ url: master.url });
    const inspect = () => inspectRedis(connect({ url: master.url }), 5000, "replicated");
    await expect(inspect()).rejects.toMatchObject({
      kind: "redis-setting",
      message: expect.stringMatching(/^DURABILITY=replicated needs min-replicas-to-write 1 or more/),
    });
    await admin.config("SET", "min-replicas-to-write", "1");
    const { warnings } = await inspect();
    expect(warnings).toContainEqual(expect.stringMatching(/^no replica is connected/));
  });
});

describe("Redis behind Sentinel", () => {
  it("is found by its name, and again after another one was made master; a wrong name is said", async () => {
    await using master = await startRedis({ container: false });
    await using replica = await startRedis({
      container: false,
      args: ["--replicaof", "127.0.0.1", String(master.port)],
    });
    const inspector = new Redis(replica.url);
    open.push(inspector);
    await eventually(async () => (await inspector.info("replication")).includes("master_link_status:up"));
    await using sentinel = await startSentinel("relay", master.port);
    const servers = [{ host: "127.0.0.1", port: sentinel.port }];

    const redis = connect({ sentinel: { servers, name: "relay" } });
    await inspectRedis(redis, 10_000);
    await redis.set("kept", "1");
    await eventually(async () => (await inspector.get("kept")) === "1");
    await eventually(async () => (await sentinel.redis.info("sentinel")).includes("slaves=1"));
    await master.kill();
    await eventually(() => redis.set("after", "2"), { what: "the replica as master" });
    expect(await redis.get("kept")).toBe("1");

    const wrong = inspectRedis(connect({ sentinel: { servers, name: "other" } }), 500);
    await expect(wrong).rejects.toThrow(/check REDIS_SENTINELS and REDIS_SENTINEL_NAME/);
    expect((await problemOf({ url: `redis://127.0.0.1:${sentinel.port}` })).message).toMatch(
      /^What answers is a Sentinel/,
    );
  });
});

interface Sentinel extends AsyncDisposable {
  readonly port: number;
  readonly redis: Redis;
}

async function startSentinel(name: string, master: number): Promise<Sentinel> {
  const folder = await mkdtemp(join(tmpdir(), "docrelay-sentinel-"));
  const port = await freePort();
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor ${name} 127.0.0.1 ${master} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 5000`,
  ];
  const file = join(folder, "sentinel.conf");
  await writeFile(file, lines.join("\n"));
  const child: ChildProcess = spawn(process.env["DOCRELAY_REDIS_SERVER"] || "redis-server", [file, "--sentinel"], {
    stdio: "ignore",
  });
  const redis = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  await redis.ping();
  return {
    port,
    redis,
    [Symbol.asyncDispose]: async () => {
      redis.disconnect();
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

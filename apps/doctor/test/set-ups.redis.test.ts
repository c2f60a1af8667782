import {
  createAuthority,
  freePort,
  spawnNode,
  startRedis,
  startSentinel,
  type TestProcess,
  type TestRedis,
} from "@docrelay/testkit";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRedis, type RedisServer } from "@docrelay/platform";
import { readConfig } from "@docrelay/worker/config";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { examineBalancer } from "../src/balancer/examine-balancer.ts";
import { examineFiles } from "../src/files/examine-files.ts";
import { inWords, reportOf, type PartReport } from "../src/part.ts";
import { examineRedis } from "../src/redis/examine-redis.ts";
import { startHttpProxy, type ProxyHabits } from "./proxy.ts";

const EDGE = join(import.meta.dirname, "../../edge/src/main.ts");
const PROXY_ADDRESS = "127.0.0.9";

let redis: TestRedis;
let folder: string;
const edges: Array<{ port: number; process: TestProcess }> = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "docrelay-doctor-"));
  redis = await startRedis({ aof: true });
  await Promise.all(
    ["a", "b"].map(async (letter) => {
      const port = await freePort();
      const env = {
        REDIS_URL: redis.url,
        PORT: String(port),
        AUTH_MODE: "anonymous",
        TRUSTED_PROXIES: `${PROXY_ADDRESS}/32`,
        SESSION_SECRET: letter.repeat(40),
        SESSIONS_PER_MINUTE: "0",
      };
      const edge = { port, process: spawnNode(EDGE, { env }) };
      edges.push(edge);
      await edge.process.waitFor(/"msg":"listening"/);
    }),
  );
});
afterAll(async () => {
  for (const { process } of edges) process.kill("SIGKILL");
  await Promise.all(edges.map(({ process }) => process.exited));
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Returns the doctor's report about a part, as text. */
const words = (part: PartReport): string => inWords(reportOf([part]));
const problemOf = (part: PartReport): string => {
  const said = words(part);
  expect(said).toContain("There are problems");
  return said;
};

async function command(url: string, ...words: string[]): Promise<void> {
  const connection = connectRedis({ server: { url }, purpose: "command", name: "test", onError: () => undefined });
  await connection.call(...(words as [string, ...string[]]));
  connection.disconnect();
}
/** Settings of a Redis Cluster, without the address of a node: the server of each test case is used as its node. */
const asCluster: RedisServer = { cluster: { seeds: [] } };
async function ofRedis(args: readonly string[], setUp: string[][] = [], as: RedisServer = {}): Promise<PartReport> {
  await using server = await startRedis({ args });
  for (const words of setUp) await command(server.url, ...words);
  const seeds = [{ host: "127.0.0.1", port: server.port }];
  return await examineRedis({ url: server.url, ...as, ...(as.cluster && { cluster: { seeds } }) });
}

describe("a Redis as it should be", () => {
  it("has no problem, and the doctor leaves nothing in it", async () => {
    const said = words(await examineRedis({ url: redis.url }));
    expect(said).toContain("All is well");
    expect(said).toMatch(/ok {3}rights: scripts, keys and channels of edge, ask, extract work/);
    expect(said).toMatch(/note workers: none with the role ask is heard/);
    const files = readConfig({ REDIS_URL: redis.url, WORKER_ROLES: "extract" });
    if (!files.ok) throw new Error("settings");
    expect(words(await examineFiles(files.config, true))).toMatch(/64 KiB were written, read and removed/);
  });
});

describe("a broken set-up of Redis is named", () => {
  it.each([
    ["a password that is missing", ["--requirepass", "x"], [], {}, /Redis wants a password: set REDIS_PASSWORD/],
    ["a password that is wrong", ["--requirepass", "x"], [], { password: "y" }, /refuses this user name or password/],
    ["a single server, where a cluster is expected", [], [], asCluster, /Redis is no cluster: leave REDIS_CLUSTER out/],
    ["a node of a cluster", ["--cluster-enabled", "yes"], [], {}, /node of a cluster/],
    [
      "eviction",
      ["--maxmemory-policy", "allkeys-lru"],
      [],
      {},
      /!! {3}eviction: maxmemory-policy is allkeys-lru.*set noeviction/,
    ],
    ["no append-only file", [], [], {}, /!! {3}durability: appendonly is no/],
    [
      "a user without rights",
      ["--appendonly", "yes"],
      [["ACL", "SETUSER", "few", "on", ">p", "~{s??}:*", "+@all", "&*"]],
      { username: "few", password: "p" },
      /!! {3}rights: The user of Redis lacks rights for scripts on keys like blob/,
    ],
    [
      "a memory that is nearly full",
      ["--appendonly", "yes", "--maxmemory", "3mb"],
      [["SETRANGE", "big", "1900000", "x"]],
      {},
      /!! {3}memory: \d+ % of maxmemory is used/,
    ],
  ] as const)("%s", async (_what, args, setUp, as, said) => {
    expect(
      problemOf(
        await ofRedis(
          args,
          setUp.map((one) => [...one]),
          as,
        ),
      ),
    ).toMatch(said);
  });

  it("a replica", async () => {
    expect(problemOf(await ofRedis(["--replicaof", "127.0.0.1", String(redis.port)]))).toMatch(/is a replica/);
  });

  it("something else, and nothing, at its port", async () => {
    const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(problemOf(await examineRedis({ url: `redis://127.0.0.1:${port}` }))).toMatch(/connection: /);
    server.close();
    server.closeAllConnections();
    const nothing = await examineRedis({ url: `redis://127.0.0.1:${await freePort()}` });
    expect(problemOf(nothing)).toMatch(/nothing listens there/);
  });
});

describe("a Redis over TLS that does not fit is named", () => {
  const authority = createAuthority("docrelay test");
  let server: TestRedis;
  let port = 0;
  beforeAll(async () => {
    const args: string[] = [];
    for (const [name, pem] of Object.entries({ "ca-cert": authority.cert, ...authority.issue(["127.0.0.1"]) })) {
      writeFileSync(join(folder, name), pem);
      args.push(`--tls-${name}-file`, join(folder, name));
    }
    port = await freePort();
    server = await startRedis({ container: false, args: ["--tls-port", String(port), ...args] });
  });
  afterAll(async () => {
    await server.stop();
    for (const name of ["ca-cert", "cert", "key"]) rmSync(join(folder, name));
  });

  it.each<[string, () => RedisServer, RegExp]>([
    [
      "an authority that is not known",
      () => ({ url: `rediss://127.0.0.1:${port}` }),
      /unknown authority: set REDIS_TLS_CA/,
    ],
    [
      "a name that is not in the certificate",
      () => ({ url: `rediss://localhost:${port}`, tls: { ca: authority.cert } }),
      /for another host name: use a name in REDIS_URL/,
    ],
    [
      "a certificate of the client that is missing",
      () => ({ url: `rediss://127.0.0.1:${port}`, tls: { ca: authority.cert } }),
      /wants a certificate of its client: set REDIS_TLS_CERT/,
    ],
    ["TLS at a port without it", () => ({ url: `rediss://127.0.0.1:${server.port}` }), /use redis:\/\//],
    [
      "no TLS at a port with it",
      () => ({ url: `redis://127.0.0.1:${port}` }),
      /if the port wants TLS, use rediss:\/\//,
    ],
  ])("%s", async (_what, as, said) => expect(problemOf(await examineRedis(as()))).toMatch(said));
});

describe("a Redis that is not the right one is named", () => {
  it("a master that no sentinel knows", async () => {
    await using sentinel = await startSentinel();
    const { REDIS_SENTINELS = "" } = sentinel.env;
    const [host = "", own = ""] = REDIS_SENTINELS.split(":");
    const as = { sentinel: { servers: [{ host, port: Number(own) }], name: "another" } };
    expect(problemOf(await examineRedis(as))).toMatch(/none knows this master: check .* REDIS_SENTINEL_NAME/);
  });

  it("a cluster that does not serve all slots", async () => {
    const said = problemOf(await ofRedis(["--cluster-enabled", "yes"], [], asCluster));
    expect(said).toMatch(/does not serve all slots: create it/);
  });

  it("one that is too old", async () => {
    // Debian has no package of such an old Redis, so this server imitates one as far as the doctor asks it.
    const info = "redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master\r\n";
    const old = createTcpServer((socket) =>
      socket.on("data", (data) => {
        for (const [, name = ""] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
          socket.write(/info/i.test(name) ? `$${info.length}\r\n${info}\r\n` : `-ERR unknown command '${name}'\r\n`);
      }),
    ).listen(0, "127.0.0.1");
    await once(old, "listening");
    const { port } = old.address() as AddressInfo;
    const said = problemOf(await examineRedis({ url: `redis://127.0.0.1:${port}` }));
    expect(said).toMatch(/Redis 6.2.14 is too old: sharded pub\/sub needs 7.0/);
    old.close();
  });

  it("a machine whose clock is an hour ahead", async () => {
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now() + 3_600_000);
    try {
      const said = problemOf(await examineRedis({ url: redis.url }));
      expect(said).toMatch(/!! {3}clock: this machine's clock is 3600.\d s ahead of that of Redis: set both by NTP/);
    } finally {
      clock.mockRestore();
    }
  });
});

describe("a broken place of files is named", () => {
  it("a folder that cannot be made or written", async () => {
    const parsed = readConfig({ REDIS_URL: redis.url, WORKER_ROLES: "extract", BLOB_STORE: "file:/sys/docrelay" });
    if (!parsed.ok) throw new Error(parsed.problems.join());
    const said = problemOf(await examineFiles(parsed.config, true));
    expect(said).toMatch(/blobs cannot be kept in \/sys\/docrelay: E\w+: .*, mkdir/);
  });

  it.each([
    ["is not docrelay's", () => writeFileSync(join(folder, "foreign.txt"), "x"), /is not empty/],
    [
      "is no folder",
      () => (rmSync(folder, { recursive: true }), writeFileSync(folder, "")),
      /BLOB_STORE|cannot be used/,
    ],
  ])("a folder that %s", async (_what, breakIt, said) => {
    chmodSync(folder, 0o700);
    breakIt();
    const parsed = readConfig({ REDIS_URL: redis.url, WORKER_ROLES: "extract", BLOB_STORE: `file:${folder}` });
    if (!parsed.ok) throw new Error(parsed.problems.join());
    expect(problemOf(await examineFiles(parsed.config, true))).toMatch(said);
  });
});

describe("the way through a balancer", () => {
  const through = async (habits: Partial<ProxyHabits>, path = ""): Promise<PartReport> => {
    const to = [edges[0]?.port ?? 0];
    await using proxy = await startHttpProxy({ to, from: PROXY_ADDRESS, ...habits });
    return await examineBalancer(new URL(path, proxy.url));
  };

  it("has no problem when the proxy does its work, also under a prefix", async () => {
    const said = words(await through({ prefix: "/chat" }, "/chat/"));
    expect(said).toContain("All is well");
    expect(said).toMatch(/a WebSocket opens at \/socket.io\//);
    expect(said).toMatch(/client address: edges see 127.0.0.1, as it is/);
  });

  it.each<[string, Partial<ProxyHabits>, RegExp, string?]>([
    ["a prefix that is not stripped", {}, /the proxy must strip \/chat\//, "/chat/"],
    ["WebSockets that are not passed on", { upgrades: false }, /instead of 101: the proxy must pass Upgrade/],
    ["a Host without its port", { host: "127.0.0.1" }, /refused by 403: the origin of this address is not allowed/],
    ["an edge that does not trust the proxy", { from: "127.0.0.8" }, /edges see 127.0.0.8 instead of 127.0.0.1/],
    [
      "a proxy that believes X-Forwarded-For",
      { forwarded: "pass" },
      /believes an X-Forwarded-For that a client made up/,
    ],
    ["no edge behind it", { to: [1] }, /reaches no edge/],
  ])("%s is named", async (_what, habits, said, path) => {
    expect(problemOf(await through(habits, path))).toMatch(said);
  });

  it("edges that sign with different secrets are named", async () => {
    const to = edges.map(({ port }) => port);
    expect(problemOf(await through({ to }))).toMatch(/secrets: an edge's session was refused \d of|different secrets/);
  });

  it("another server, and none, is named", async () => {
    expect(problemOf(await examineBalancer(new URL(`http://127.0.0.1:${await freePort()}`)))).toMatch(
      /nothing listens/,
    );
    const server = createServer((_request, response) => response.writeHead(404).end("no")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    expect(problemOf(await examineBalancer(new URL(`http://127.0.0.1:${port}`)))).toMatch(
      /no edge is behind this address/,
    );
    server.close();
  });
});

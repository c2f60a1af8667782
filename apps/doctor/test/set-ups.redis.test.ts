import { freePort, spawnNode, startRedis, type TestProcess, type TestRedis } from "@docrelay/testkit";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRedis, type RedisServer } from "@docrelay/platform";
import { readConfig } from "@docrelay/worker/config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

/** What is said of a part, with the marks of problems. */
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
/** Its seed is the server of the case. */
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

describe("a broken place of files is named", () => {
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

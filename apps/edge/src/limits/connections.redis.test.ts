import { loadScripts } from "@docrelay/channel";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { once } from "node:events";
import { isDeepStrictEqual } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createConnections, type Connections } from "./connections.ts";

const MAX = 3;
let server: TestRedis;
let redis: Redis;
const edges: Array<() => Promise<unknown>> = [];
beforeAll(async () => {
  server = await startRedis({ aof: true });
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  loadScripts(redis);
});
beforeEach(async () => void (await redis.flushall()));
afterEach(async () => void (await Promise.all(edges.splice(0).map((stop) => stop()))));
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

interface TestEdge extends Connections {
  /** Ends the edge as SIGKILL does: what it has written to Redis stays there. */
  kill(): void;
}

async function edge(node: string, leaseMs = 60_000): Promise<TestEdge> {
  const own = redis.duplicate({ enableOfflineQueue: false, commandTimeout: 1000 });
  own.on("error", () => undefined);
  await once(own, "ready");
  const connections = createConnections({ redis: own, node, max: MAX, leaseMs, onError: () => undefined });
  edges.push(async () => {
    if (own.status !== "end") await connections[Symbol.asyncDispose]();
    own.disconnect();
  });
  return Object.assign(connections, { kill: () => own.disconnect() });
}

const tooMany = { wire: { code: "TOO_MANY_CONNECTIONS", retryable: true } };
async function full(one: Connections): Promise<void> {
  await expect(one.take("ann")).rejects.toMatchObject(tooMany);
}
/** Returns the user's numbers of connections, one for each edge that has a lease. */
async function counted(): Promise<number[]> {
  const [key = ""] = await redis.keys("*:places");
  const found: number[] = [];
  for (const [node, places] of Object.entries(await redis.hgetall(key))) {
    if (await redis.exists(`edge:${node}`)) found.push(Number(places));
  }
  return found.sort();
}

describe("the connections of a user", () => {
  it("are counted over all edges, given back once, and free when an edge has stopped", async () => {
    const [one, two] = [await edge("one"), await edge("two")];
    const places = [await one.take("ann"), await two.take("ann"), await two.take("ann")];
    for (const busy of [one, two]) await full(busy);
    await one.take("bob");
    for (let n = 0; n < 3; n++) places[0]?.();
    expect([one.count, two.count]).toEqual([1, 2]);
    await one.take("ann");
    await full(one);
    await two[Symbol.asyncDispose]();
    await one.take("ann");
  });

  it("are granted up to the cap when all come at once, and no place is lost", async () => {
    const [one, two] = [await edge("one"), await edge("two")];
    for (let round = 0; round < 5; round++) {
      const takes = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => (n % 2 ? one : two).take("ann")));
      const granted = takes.flatMap((take) => (take.status === "fulfilled" ? [take.value] : []));
      expect(granted).toHaveLength(MAX);
      for (const release of granted) release();
      expect([one.count, two.count]).toEqual([0, 0]);
      await eventually(async () => (await redis.keys("*:places")).length === 0);
    }
  });

  it("that open and close in between are counted as they are in the end", async () => {
    const one = await edge("one");
    const [first, second] = await Promise.all([one.take("ann"), one.take("ann")]);
    const third = one.take("ann");
    first?.();
    second?.();
    (await third)();
    await one.take("ann");
    await eventually(async () => isDeepStrictEqual(await counted(), [1]));
  });

  it("of a killed edge are free once its lease has run out, and not before", async () => {
    const [one, killed] = [await edge("one"), await edge("killed", 2000)];
    for (let n = 0; n < MAX; n++) await killed.take("ann");
    killed.kill();
    await full(one);
    await eventually(() => one.take("ann"), { what: "a place" });
    expect(await redis.exists("edge:killed")).toBe(0);
    expect(await counted()).toEqual([1]);
  });

  it("of an edge that was away are counted again, under a lease of another name", async () => {
    const [one, away] = [await edge("one"), await edge("away", 3000)];
    const places = [await away.take("ann"), await away.take("ann")];
    await redis.del("edge:away"); // as if this edge had not renewed its lease in time
    // Redis has no lease of the edge `away`, so these calls drop what `away` has counted.
    await Promise.all([one.take("ann"), one.take("ann")]);
    await eventually(async () => isDeepStrictEqual(await counted(), [2, 2]), { what: "the claim" });
    expect(await redis.exists("edge:away")).toBe(0);
    await full(one);
    for (const release of places) release();
    await eventually(async () => isDeepStrictEqual(await counted(), [2]));
  });

  it("are counted again after Redis has lost everything", async () => {
    const [one, two] = [await edge("one", 900), await edge("two", 900)];
    await one.take("ann");
    await two.take("ann");
    await two.take("ann");
    await redis.flushall();
    await eventually(async () => isDeepStrictEqual(await counted(), [1, 2]));
    await full(one);
  });

  it("are let in while Redis is away, and counted when it is back", async () => {
    const one = await edge("one", 20_000);
    await one.take("ann");
    await server.kill();
    const releases = await Promise.all([one.take("ann"), one.take("ann")]);
    await full(one);
    releases[0]?.();
    await server.restart();
    await eventually(async () => isDeepStrictEqual(await counted(), [2]));
    expect(await redis.exists("edge:one")).toBe(1); // the lease was not lost: only the failed writes were repeated
  });
});

it("an edge writes nothing for idle users: its lease alone is renewed", async () => {
  const one = await edge("one", 900);
  await Promise.all(Array.from({ length: 100 }, (_, n) => one.take(`user ${n}`)));
  const calls = async (command: string): Promise<number> =>
    Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(await redis.info("commandstats"))?.[1] ?? 0);
  await redis.config("RESETSTAT");
  await eventually(async () => (await calls("set")) >= 3, { what: "three renewals" });
  const commands = [...(await redis.info("commandstats")).matchAll(/^cmdstat_(\w+)/gm)].map(([, name]) => name);
  expect(commands.sort()).toEqual(["config", "info", "set"]);
});

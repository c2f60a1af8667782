import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { slowNames } from "@docrelay/testkit/slow-names";
import dns from "node:dns";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startFakeSentinel, type FakeSentinel } from "../../test/fake-sentinel.ts";
import { connectRedis, connectSubscriber } from "../redis.ts";

const NAME = "relay";
const FAILOVER_MS = 4000;
const stopped = new Set<string>();
let servers: [TestRedis, TestRedis];
let sentinel: FakeSentinel;

beforeAll(async () => {
  vi.spyOn(dns, "lookup").mockImplementation(slowNames((name) => stopped.has(name)) as typeof dns.lookup);
  servers = [await startRedis(), await startRedis()];
  sentinel = await startFakeSentinel({ host: "first.test", port: servers[0].port });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await sentinel[Symbol.asyncDispose]();
  await Promise.all(servers.map((one) => one.stop()));
});

it("connections leave a stopped master within 2 s, however long its name is searched for", async () => {
  const server = { sentinel: { servers: [{ host: "sentinel.test", port: sentinel.port }], name: NAME } };
  const errors: Error[] = [];
  const onError = (error: Error): void => void errors.push(error);
  const clients = Array.from({ length: 4 }, (_, n) => ({
    redis: connectRedis({ server, purpose: "command", name: `${n}`, commandTimeoutMs: 60_000, onError }),
    sub: connectSubscriber({ server, name: `${n}`, onError }),
  }));
  try {
    await Promise.all(clients.flatMap(({ redis, sub }) => [redis.set("key", "1"), sub.subscribe("channel")]));
    stopped.add("first.test");
    await servers[0].kill();
    // Meanwhile the sentinel names the stopped master: each connection tries it again, and looks its name up.
    await sleep(FAILOVER_MS);
    sentinel.name({ host: "second.test", port: servers[1].port });
    const replaced = performance.now();
    await eventually(() => clients.every(({ redis, sub }) => redis.status === "ready" && sub.status === "ready"), {
      timeoutMs: 20_000,
      what: "all connections at the other master",
    });
    expect(performance.now() - replaced).toBeLessThan(2000);
  } finally {
    for (const { redis, sub } of clients) for (const one of [redis, sub]) one.disconnect();
  }
});

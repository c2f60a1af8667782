import { setProfile } from "@docrelay/channel";
import { startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createConnections } from "../limits/connections.ts";
import { createSharedSettings } from "./shared-settings.ts";
import { shareSessionSecret } from "../auth/session-secret.ts";

let server: TestRedis;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => void (await redis.flushall()));
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
const store = (): Parameters<typeof createSharedSettings>[0] => ({ redis, retentionMs: 1000, askDeadlineMs: 1000 });

describe("the shared settings", () => {
  it("has one secret, which every edge finds, and asks for it once", async () => {
    const edges = Array.from({ length: 5 }, () => createSharedSettings(store()));
    const secrets = await Promise.all(edges.map((edge) => edge.secret()));
    expect(new Set(secrets).size).toBe(1);
    await redis.flushall();
    expect(await edges[0]?.secret()).toBe(secrets[0]);
    edges[0]?.forget();
    expect(await edges[0]?.secret()).not.toBe(secrets[0]);
  });

  it("follows the workers when they extract in another way", async () => {
    let now = 0;
    const edge = createSharedSettings(store(), () => now);
    await setProfile(store(), "one");
    expect(await edge.profile()).toBe("one");
    await setProfile(store(), "two");
    now = 2000;
    expect(await edge.profile()).toBe("one");
    now = 2001;
    expect(await edge.profile()).toBe("two");
    await setProfile(store(), "three");
    edge.forget();
    expect(await edge.profile()).toBe("three");
  });
});

describe("the session secret", () => {
  const text = (secrets: readonly Uint8Array[]): string[] => secrets.map((one) => Buffer.from(one).toString());

  it("is what was given, and nothing of it goes to Redis", async () => {
    const given = await shareSessionSecret(redis, "given by the operator, 32 bytes or more");
    await given.adopt();
    expect(text(given.all())).toEqual(["given by the operator, 32 bytes or more"]);
    expect(await redis.dbsize()).toBe(0);
  });

  it("is shared, and brought back to a Redis that lost it", async () => {
    const [one, two] = [await shareSessionSecret(redis, undefined), await shareSessionSecret(redis, undefined)];
    expect(one.all()).toEqual(two.all());
    expect(one.all()[0]?.length).toBeGreaterThanOrEqual(32);
    await redis.flushall();
    for (const edge of [two, one]) await edge.adopt();
    expect(one.all()).toEqual(two.all());
  });

  it("of an edge that was quicker signs, and the old one goes on verifying", async () => {
    const old = await shareSessionSecret(redis, undefined);
    const before = text(old.all());
    await redis.flushall();
    const quicker = await shareSessionSecret(redis, undefined);
    await old.adopt();
    expect(text(old.all())).toEqual([...text(quicker.all()), ...before]);
    for (let n = 0; n < 5; n++) {
      await redis.flushall();
      await shareSessionSecret(redis, undefined);
      await old.adopt();
    }
    expect(old.all()).toHaveLength(3);
  });
});

describe("places of a user", () => {
  const edge = (node: string): ReturnType<typeof createConnections> =>
    createConnections({ redis, node, max: 3, onError: () => undefined });

  it("are counted over all edges, given back once, and free when an edge has gone", async () => {
    await using one = edge("one");
    const two = edge("two");
    const places = [await one.take("ann"), await two.take("ann"), await two.take("ann")];
    for (const busy of [one, two]) {
      await expect(busy.take("ann")).rejects.toMatchObject({ wire: { code: "TOO_MANY_CONNECTIONS" } });
    }
    await one.take("bob");
    for (let n = 0; n < 3; n++) places[0]?.();
    expect([one.count, two.count]).toEqual([1, 2]);
    await one.take("ann");
    await expect(one.take("ann")).rejects.toThrow("TOO_MANY");
    await two[Symbol.asyncDispose]();
    await one.take("ann");
  });

  it("run out when an edge was killed", async () => {
    await using one = edge("one");
    const killed = edge("killed");
    for (let n = 0; n < 3; n++) await killed.take("ann");
    await expect(one.take("ann")).rejects.toThrow("TOO_MANY");
    const [key = ""] = await redis.keys("*:sockets");
    expect(await redis.pttl(key)).toBeLessThanOrEqual(60_000);
    for (const place of await redis.zrange(key, "0", "-1")) await redis.zadd(key, Date.now() - 1, place);
    await one.take("ann");
  });
});

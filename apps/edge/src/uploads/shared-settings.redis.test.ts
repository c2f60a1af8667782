import { setProfile } from "@docrelay/channel";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSharedSettings } from "./shared-settings.ts";
import { keepInRedis } from "../auth/keep-in-redis.ts";
import { shareSessionSecret } from "../auth/session-secret.ts";
import { createMemoryGate } from "../limits/memory-gate.ts";

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
    edges[0]?.forget();
    expect(await edges[0]?.secret()).toBe(secrets[0]);
  });

  it("follows the workers when they extract in another way", async () => {
    let now = 0;
    const edge = createSharedSettings(store(), { now: () => now });
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
  const share = () => shareSessionSecret({ redis }, undefined);

  it("is what was given, and nothing of it goes to Redis", async () => {
    const given = await shareSessionSecret({ redis }, "given by the operator, 32 bytes or more");
    expect(await given.sync()).toBe(false);
    expect(text(given.all())).toEqual(["given by the operator, 32 bytes or more"]);
    expect(await redis.dbsize()).toBe(0);
  });

  it("is shared, and brought back to a Redis that lost it or one of its keys", async () => {
    const [one, two] = [await share(), await share()];
    expect(one.all()).toEqual(two.all());
    expect(one.all()[0]?.length).toBeGreaterThanOrEqual(32);
    const before = text(one.all());
    for (const lose of [
      () => redis.flushall(),
      () => redis.del("secret:session"),
      () => redis.del("secret:session:known"),
    ]) {
      expect([await one.sync(), await two.sync()]).toEqual([false, false]);
      await lose();
      expect([await two.sync(), await one.sync()]).toEqual([true, false]);
      expect([text(one.all()), text(two.all())]).toEqual([before, before]);
      expect(text((await share()).all())).toEqual(before);
    }
  });

  it("of edges that were there signs, when a new edge was quicker to set one after a loss; all verify both", async () => {
    const edges = [await share(), await share(), await share()];
    const [before = ""] = text(edges[0]?.all() ?? []);
    await redis.flushall();
    // A secret begins with its time; of two secrets of the same millisecond either may be the first.
    const made = Number.parseInt(before, 36);
    await eventually(() => Date.now() > made);
    const quicker = await share();
    const [its = ""] = text(quicker.all());
    expect(its).not.toBe(before);
    await Promise.all([...edges, quicker].map((edge) => edge.sync()));
    await Promise.all([...edges, quicker].map((edge) => edge.sync()));
    for (const edge of [...edges, quicker]) expect(text(edge.all())).toEqual([before, its]);
    expect(await redis.get("secret:session")).toBe(before);
  });

  it("of an earlier version is the oldest one, and few are kept", async () => {
    await redis.set("secret:session", "x".repeat(43));
    const edge = await share();
    for (let n = 0; n < 10; n++) {
      await redis.flushall();
      await share();
      await edge.sync();
    }
    expect(edge.all()).toHaveLength(8);
    expect(text(edge.all())[0]).toBe("x".repeat(43));
  });
});

describe("what the edges share", () => {
  it("is set again in a Redis that was flushed and stays connected, and this is counted", async () => {
    const [settings, session] = [createSharedSettings(store()), await shareSessionSecret({ redis }, undefined)];
    const secret = await settings.secret();
    let told = 0;
    using kept = keepInRedis([settings.restore, session.sync], {
      everyMs: 20,
      onRestored: () => void told++,
      onTrouble: (error) => expect.fail(String(error)),
    });
    await redis.flushall();
    await eventually(
      async () => (await redis.get("secret:digest")) === secret && (await redis.exists("secret:session")) === 1,
    );
    await eventually(() => kept.losses === 1);
    expect(told).toBe(1);
    expect(await createSharedSettings(store()).secret()).toBe(secret);
  });

  it("is seen to be evicted", async () => {
    await redis.config("SET", "maxmemory-policy", "allkeys-lru");
    const { used_memory: used = "0" } = Object.fromEntries(
      (await redis.info("memory")).split("\r\n").map((line) => line.split(":")),
    ) as Record<string, string>;
    await redis.config("SET", "maxmemory", Number(used) + 500_000);
    using gate = createMemoryGate(async () => [await redis.info("memory", "stats")], 20);
    expect(gate.evicted).toBe(0);
    for (let n = 0; n < 40; n++) await redis.set(`bytes-${n}`, "x".repeat(50_000));
    await eventually(() => gate.evicted > 0);
    await redis.config("SET", "maxmemory", 0);
  });
});

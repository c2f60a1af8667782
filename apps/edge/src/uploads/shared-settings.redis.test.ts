import { setProfile } from "@docrelay/channel";
import { startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
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

  it("is what was given, and nothing of it goes to Redis", async () => {
    const given = await shareSessionSecret({ redis }, "given by the operator, 32 bytes or more");
    await given.adopt();
    expect(text(given.all())).toEqual(["given by the operator, 32 bytes or more"]);
    expect(await redis.dbsize()).toBe(0);
  });

  it("is shared, and brought back to a Redis that lost it", async () => {
    const [one, two] = [await shareSessionSecret({ redis }, undefined), await shareSessionSecret({ redis }, undefined)];
    expect(one.all()).toEqual(two.all());
    expect(one.all()[0]?.length).toBeGreaterThanOrEqual(32);
    await redis.flushall();
    for (const edge of [two, one]) await edge.adopt();
    expect(one.all()).toEqual(two.all());
  });

  it("of an edge that was quicker signs, and the old one goes on verifying", async () => {
    const old = await shareSessionSecret({ redis }, undefined);
    const before = text(old.all());
    await redis.flushall();
    const quicker = await shareSessionSecret({ redis }, undefined);
    await old.adopt();
    expect(text(old.all())).toEqual([...text(quicker.all()), ...before]);
    for (let n = 0; n < 5; n++) {
      await redis.flushall();
      await shareSessionSecret({ redis }, undefined);
      await old.adopt();
    }
    expect(old.all()).toHaveLength(3);
  });
});

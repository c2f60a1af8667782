import { KEYS, readRevocations } from "@docrelay/channel";
import { eventually, startRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { createRevocations } from "./revocations.ts";

it("are stored again by the edges that know them when Redis has lost its data", async () => {
  const server = await startRedis();
  const clients = Array.from({ length: 4 }, () => new Redis(server.url));
  const [redis, subscriber, otherRedis, otherSubscriber] = clients as [Redis, Redis, Redis, Redis];
  try {
    const one = createRevocations(redis, subscriber);
    const other = createRevocations(otherRedis, otherSubscriber);
    await Promise.all([one.resync(), other.resync()]);
    const { name, at } = await one.revoke({ user: "leaver" });
    const leaver = { user: "leaver", expiresAt: Number.POSITIVE_INFINITY, issuedAt: Math.floor(at / 1000) };
    await eventually(() => other.isRevoked(leaver));
    expect(other.isRevoked({ ...leaver, issuedAt: leaver.issuedAt + 1 })).toBe(false);
    const link = { user: "share-x", reads: { user: "leaver", conversation: "talk", digest: "x" } };
    expect(other.isRevoked({ ...leaver, ...link })).toBe(true);
    await redis.flushall();
    await other.resync();
    expect(await readRevocations(redis)).toEqual([{ name, at }]);
    await redis.publish("docrelay:revoked", "no revocation");
    const late = createRevocations(redis, subscriber);
    await late.resync();
    expect(late.isRevoked(leaver)).toBe(true);
    expect(await redis.exists(KEYS.revoked.pattern)).toBe(1);
  } finally {
    for (const client of clients) client.disconnect();
    await server.stop();
  }
});

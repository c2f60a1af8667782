import { awayFromMidnight } from "@docrelay/testkit";
import { beforeEach, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { accountAddress, countUsed, parseQuotaField, readQuotas, readUsed, UNBOUNDED, writeQuota } from "../index.ts";

const channel = useChannel();
beforeEach(() => awayFromMidnight());
const own = accountAddress({ kind: "user", name: "someone" });
const tenant = accountAddress({ kind: "tenant", name: "acme" });

it("counts until the day ends", async () => {
  const { store } = channel;
  await countUsed(store, own, "bytes", 5_000_000_000);
  await countUsed(store, own, "pages", 3);
  await countUsed(store, own, "asks", 1);
  await countUsed(store, own, "tokens", 7);
  const { used, endsInMs } = await readUsed(store, [own, tenant]);
  expect(used).toEqual([
    { asks: 1, bytes: 5_000_000_000, pages: 3, tokens: 7 },
    { asks: 0, bytes: 0, pages: 0, tokens: 0 },
  ]);
  const [key = ""] = await store.redis.keys("*:used");
  const midnight = new Date(await store.redis.pexpiretime(key)).toISOString();
  expect(midnight).toMatch(/T00:00:00\.00\d|T23:59:59\.99\dZ$/);
  expect(endsInMs).toBeLessThanOrEqual(86_400_000);
});

it("accepts a user's asks up to the day's quota, however they come, and acknowledges known ones", async () => {
  const { store } = channel;
  const ids = Array.from({ length: 9 }, (_, n) => `ask-${n}`);
  const kinds = await Promise.all(ids.map(async (id) => (await channel.ask(id, { maxAsks: 4, maxInFlight: 99 })).kind));
  expect(kinds.filter((kind) => kind === "accepted")).toHaveLength(4);
  expect(kinds.filter((kind) => kind === "quota")).toHaveLength(5);
  expect(await channel.ask("ask-0", { maxAsks: 4 })).toMatchObject({ kind: "accepted", duplicate: true });
  expect(await channel.ask("more", { maxAsks: 4 })).toMatchObject({ kind: "quota", freeInMs: expect.any(Number) });
  expect((await readUsed(store, [own])).used[0]?.asks).toBe(4);
  expect(await channel.ask("more", { maxAsks: 5 })).toMatchObject({ kind: "accepted", duplicate: false });
});

it("reads what operators have set, and names what means nothing", async () => {
  const { redis } = channel.store;
  await writeQuota(redis, "asks", 100);
  await writeQuota(redis, "asks:user:a:b", UNBOUNDED);
  await writeQuota(redis, "pages:tenant", 5);
  await writeQuota(redis, "pages:tenant", undefined);
  await redis.hset("quotas", { "bytes:address:2001:db8:0:1::/64": "7", wishes: "3", pages: "many" });
  const { quotas, unknown } = await readQuotas(redis);
  expect(Object.fromEntries(quotas)).toEqual({
    asks: 100,
    "asks:user:a:b": UNBOUNDED,
    "bytes:address:2001:db8:0:1::/64": 7,
  });
  expect(unknown.toSorted()).toEqual(["pages", "wishes"]);
  expect(parseQuotaField("asks:user:a:b")).toEqual({ count: "asks", kind: "user", name: "a:b" });
});

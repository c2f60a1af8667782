import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { accountAddress, askAddress, chargeBytes, countAsks, MAX_COUNTED, readUsed } from "../index.ts";

const channel = useChannel({ retentionMs: 80_000 });
const network = accountAddress({ kind: "network", name: "10.0.0.1" });

it("counts bytes for the retention, and says when there are few enough again", async () => {
  const charge = (bytes: number) => chargeBytes(channel.store, network, { budget: "log", bytes, maxBytes: 100 });
  expect([await charge(60), await charge(40)]).toEqual([0, 0]);
  const freeInMs = await charge(1);
  expect(freeInMs).toBeGreaterThan(69_000);
  expect(freeInMs).toBeLessThanOrEqual(80_000);
  expect(await chargeBytes(channel.store, network, { budget: "files", bytes: 1, maxBytes: 100 })).toBe(0);
  const [key = ""] = await channel.store.redis.keys("*:kept-log");
  const [[part = "", bytes = ""] = []] = Object.entries(await channel.store.redis.hgetall(key));
  await channel.store.redis
    .multi()
    .del(key)
    .hset(key, String(Number(part) - 8), bytes)
    .exec();
  expect(await charge(1)).toBe(0);
});

it("an ask is counted for its user by the step that accepts it, once, and the counts are forgotten", async () => {
  const { store, user } = channel;
  const ask = (id: string) => channel.ask(id, { kept: { bytes: 60, maxBytes: 100 } });
  const first = await ask("one");
  expect(first).toEqual({ kind: "accepted", seq: 1, duplicate: false });
  expect(await ask("one")).toEqual({ ...first, duplicate: true });
  const second = await ask("two");
  expect(second).toMatchObject({ seq: 2, overMs: expect.any(Number) });
  expect(second.kind === "accepted" && second.overMs).toBeGreaterThan(69_000);
  const of = accountAddress({ kind: "user", name: user });
  expect((await readUsed(store, [of])).used[0]?.asks).toBe(2);
  const [key = ""] = await store.redis.keys(`*${of.u}:kept-log`);
  expect(await store.redis.hvals(key)).toEqual(["120"]);
  expect(await store.redis.pttl(key)).toBeGreaterThan(80_000);
});

it("counts an account of each kind for itself", () => {
  expect(accountAddress({ kind: "user", name: "a" })).not.toEqual(accountAddress({ kind: "network", name: "a" }));
});

it("counts a network's asks until they have ended, and their bytes, with the rights of an edge", async () => {
  const acl = join(import.meta.dirname, "../../../../deploy/redis/edge.acl");
  const [, name = "", ...rules] = readFileSync(acl, "utf8").trim().split(" ");
  await channel.store.redis.call("ACL", "SETUSER", name, ...rules, ">pass");
  const redis = channel.connect();
  await redis.call("AUTH", name, "pass");
  const count = async (id: string) => {
    await channel.ask(id);
    const at = askAddress(channel.user, "talk", id);
    return countAsks({ ...channel.store, redis }, network, [at], { bytes: 60, maxBytes: 150, maxRunning: 2 });
  };
  const few = { overMs: 0, isFull: false };
  expect([await count("a"), await count("b")]).toEqual([few, few]);
  const third = await count("c");
  expect(third.isFull).toBe(true);
  expect(third.overMs).toBeGreaterThan(69_000);
  await channel.store.redis.del((await channel.store.redis.keys("*:live"))[0] ?? "");
  expect(await count("d")).toMatchObject({ isFull: false });
});

it("counts several asks at once like one after another", async () => {
  const at = Array.from({ length: MAX_COUNTED }, (_, n) => askAddress(channel.user, "many", String(n)));
  const many = accountAddress({ kind: "network", name: "10.0.0.2" });
  const limits = { bytes: 60, maxBytes: 100, maxRunning: MAX_COUNTED };
  expect(await countAsks(channel.store, many, at, limits)).toEqual({ overMs: 0, isFull: false });
  const more = [askAddress(channel.user, "many", "0"), askAddress(channel.user, "many", "new")];
  const [running = ""] = await channel.store.redis.keys(`*${many.u}:running`);
  expect(await channel.store.redis.zcard(running)).toBe(MAX_COUNTED);
  expect(await countAsks(channel.store, many, more, limits)).toMatchObject({ overMs: expect.any(Number) });
});

import { eventually, startProxy } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterEach, describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import type { RedisRole } from "./rights.ts";
import { openSelfTest, testRedis } from "./self-test.ts";

const channel = useChannel();
const open: Array<{ disconnect(): void }> = [];
afterEach(() => open.splice(0).forEach((one) => one.disconnect()));

/** Opens two connections of a Redis user with these rights. */
async function as(...rights: string[]): Promise<{ redis: Redis; subscriber: Redis; id: string; roles: RedisRole[] }> {
  await channel.store.redis.call("ACL", "SETUSER", "limited", "reset", "on", ">pass", "+@all", ...rights);
  const connect = (): Redis => {
    const redis = new Redis(channel.server.url, { username: "limited", password: "pass" });
    redis.on("error", () => undefined);
    open.push(redis);
    return redis;
  };
  return { redis: connect(), subscriber: connect(), id: "one", roles: ["edge"] };
}

const KEYS =
  "~{s??}:* ~blob:* ~retain:* ~same:* ~text:* ~uses:* ~gone:* ~wait:* ~pw:* ~{blobs}:* ~link:* ~secret:* ~access:* ~quotas ~edge:* ~{bull}:*".split(
    " ",
  );
const CHANNELS = ["&socket.io#/#*", "&docrelay:*", "&hint:*"];

describe("the self-test of Redis", () => {
  it("passes with the rights that the work needs, and leaves nothing", async () => {
    const deps = await as(...KEYS, ...CHANNELS);
    await testRedis(deps);
    expect(await channel.store.redis.keys("*self-test*")).toEqual([]);
    await eventually(
      async () => ((await channel.store.redis.call("PUBSUB", "SHARDCHANNELS")) as unknown[]).length === 0,
    );
  });

  it.each([
    ["keys", KEYS.filter((key) => key !== "~text:*"), /lacks rights for scripts on keys like text:\*: NOPERM/],
    [
      "a command inside of scripts",
      [...KEYS, "-hset"],
      /lacks rights for scripts on keys like \{s00\}:\*: ERR The user/,
    ],
    ["scripts", [...KEYS, "-eval"], /lacks rights for scripts .*'eval'/],
    [
      "channels",
      [...KEYS, "resetchannels", "&docrelay:*", "&hint:*"],
      /lacks rights for channels like socket\.io.*NOPERM/,
    ],
    ["publishing", [...KEYS, "-spublish"], /lacks rights for channels like socket\.io/],
  ])("names the rights on %s that are missing", async (_what, rights, message) => {
    const given = rights.includes("resetchannels") ? rights : [...rights, ...CHANNELS];
    await expect(testRedis(await as(...given))).rejects.toMatchObject({
      kind: "setting",
      message: expect.stringMatching(message),
    });
  });

  it("says so when nothing is heard", async () => {
    const deps = await as(...KEYS, ...CHANNELS);
    const other = new Redis(channel.server.url, { db: 1 });
    open.push(other);
    // This subscriber receives nothing, because it never subscribes.
    const subscriber = Object.assign(Object.create(other) as Redis, {
      ssubscribe: async () => 1,
      sunsubscribe: async () => 1,
    });
    await expect(testRedis({ ...deps, subscriber })).rejects.toThrow(/is not heard within 2000 ms/);
  });

  it("is run again after each reconnect: it fails while rights are missing, and passes when they are back", async () => {
    await using proxy = await startProxy(channel.server);
    const { subscriber } = await as(...KEYS, ...CHANNELS);
    const redis = new Redis(proxy.port, { username: "limited", password: "pass" });
    redis.on("error", () => undefined);
    open.push(redis);
    const failures: unknown[] = [];
    using test = await openSelfTest({ redis, subscriber, id: "one", roles: ["edge"] }, (error) => failures.push(error));
    await test.check();
    await channel.store.redis.call("ACL", "SETUSER", "limited", "resetkeys", "~none");
    redis.stream.destroy();
    await eventually(() =>
      test.check().then(
        () => false,
        () => true,
      ),
    );
    expect(String(failures[0])).toContain("lacks rights");
    await channel.store.redis.call("ACL", "SETUSER", "limited", ...KEYS);
    redis.stream.destroy();
    await eventually(() => test.check().then(() => true));
  });
});

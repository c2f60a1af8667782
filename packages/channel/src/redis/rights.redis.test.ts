import { Redis } from "ioredis";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { testRedis } from "./self-test.ts";
import { logKey, metaKey, recordKey } from "./keys.ts";
import { askAddress } from "./address.ts";

const channel = useChannel();
const ROLES = ["edge", "ask", "extract", "metrics"] as const;
type Role = (typeof ROLES)[number];
const FOLDER = join(import.meta.dirname, "../../../../deploy/redis");
const rulesOf = (role: Role): string[] =>
  readFileSync(join(FOLDER, `${role}.acl`), "utf8")
    .trimEnd()
    .split(" ");

const users = new Map<Role, Redis>();
const as = (role: Role): Redis => users.get(role) as Redis;
beforeAll(async () => {
  for (const role of ROLES) {
    const [user, name = "", ...rules] = rulesOf(role);
    expect([user, name]).toEqual(["user", role]);
    await channel.store.redis.call("ACL", "SETUSER", name, ...rules, ">pass");
    const redis = new Redis(channel.server.url, { username: name, password: "pass" });
    redis.on("error", () => undefined);
    users.set(role, redis);
  }
});
afterAll(() => {
  for (const redis of users.values()) redis.disconnect();
});

describe("deploy/redis", () => {
  it("has one line for each role, without a password: nobody can log in before the operator has set one", async () => {
    expect(readdirSync(FOLDER).toSorted()).toEqual(ROLES.map((role) => `${role}.acl`).toSorted());
    for (const role of ROLES) {
      expect(readFileSync(join(FOLDER, `${role}.acl`), "utf8")).toMatch(/^user .+\n$/);
      expect(rulesOf(role).filter((rule) => /^[>#]|^nopass$/.test(rule))).toEqual([]);
    }
  });

  it.each(["edge", "ask", "extract"] as const)("gives the role %s what its self-test tries", async (role) => {
    const subscriber = as(role).duplicate();
    await testRedis({ redis: as(role), subscriber, id: "one", roles: [role] });
    subscriber.disconnect();
  });

  it("allows edges and ask workers every command of the scripts that both run", () => {
    const folder = join(import.meta.dirname, "../ask");
    const lua = readdirSync(folder).filter((file) => file.endsWith(".lua"));
    const text = lua.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
    const commands = new Set(
      [...text.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, name = ""]) => name.toLowerCase()),
    );
    expect(commands.size).toBeGreaterThan(15);
    // For each role, the commands that only steps of the other role need: an edge neither runs asks nor sweeps, and an
    // ask worker neither accepts nor deletes any.
    const others = { edge: ["exists"], ask: ["exists", "rpush", "sadd", "scard", "lrange"] };
    for (const role of ["edge", "ask"] as const) {
      const given = new Set(rulesOf(role));
      const missing = [...commands].filter((name) => !given.has(`+${name}`) && !others[role].includes(name));
      expect(missing, role).toEqual([]);
    }
  });

  it("keeps extraction, which parses files of strangers, from conversations, secrets and lists of files", async () => {
    await channel.ask("one");
    const at = askAddress(channel.user, CONVERSATION, "one");
    const redis = as("extract");
    const tries = [
      ["XRANGE", logKey(at), "-", "+"],
      ["HGETALL", recordKey(at)],
      ["HGETALL", metaKey(at)],
      ["GET", "secret:digest"],
      ["GET", "secret:session"],
      ["HGETALL", "{blobs}:reserved"],
      ["ZRANGE", "{blobs}:expiry", "0", "-1"],
      ["KEYS", "*"],
      ["SCAN", "0"],
      ["RANDOMKEY"],
      ["EVAL", "return redis.call('XRANGE', ARGV[1], '-', '+')", "0", logKey(at)],
      ["EVAL", "return redis.call('HGETALL', KEYS[1])", "1", recordKey(at)],
      ["SSUBSCRIBE", `socket.io#/#c:{${at.shard}}:${at.c}#`],
      ["PSUBSCRIBE", "*"],
      ["MONITOR"],
    ] as const;
    for (const [command, ...args] of tries) {
      const refusal = /NOPERM|can't (run this command|access at least one of the keys)|no permissions/;
      await expect(redis.call(command, ...args), `${command} ${args.join(" ")}`).rejects.toThrow(refusal);
    }
  });

  it.each(ROLES)("gives the role %s no right over the server", async (role) => {
    for (const [command = "", ...args] of [
      ["FLUSHALL"],
      ["KEYS", "*"],
      ["CONFIG", "SET", "save", ""],
      ["ACL", "LIST"],
      ["SHUTDOWN"],
    ])
      await expect(as(role).call(command, ...args), command).rejects.toThrow("NOPERM");
  });

  it("lets the role metrics look at the server, and at no key", async () => {
    expect(await as("metrics").info("stats")).toContain("evicted_keys");
    await expect(as("metrics").get("secret:session")).rejects.toThrow("NOPERM");
  });
});

import { eventually, startRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workload } from "../../test/workload.ts";
import { KEYS, type KeyRow } from "./keys.ts";

type Name = keyof typeof KEYS;
const rows = Object.entries(KEYS) as Array<[Name, KeyRow]>;
const forms = rows.map(([name, { pattern }]) => {
  const parts = pattern.split(/<\w+>/).map((part) => part.replace(/[{}]/g, "\\$&"));
  return [name, new RegExp(`^${parts.join("[\\w-]+")}$`)] as const;
});
const rowsOf = (key: string): Name[] => forms.flatMap(([name, form]) => (form.test(key) ? [name] : []));

/** A cluster of one master that holds all slots. It refuses every script and transaction with keys of several slots. */
let redis: Redis;
let stop: () => Promise<void>;
/**
 * Keys that existed between two steps of the workload, and the time to live of each; -1 for a key that does not expire.
 */
const seen = new Map<string, number>();
let channels: readonly string[] = [];

async function lookAround(): Promise<void> {
  for await (const keys of redis.scanStream({ count: 1000 })) {
    for (const key of keys as string[]) seen.set(key, await redis.pttl(key));
  }
}

beforeAll(async () => {
  const server = await startRedis({ args: ["--cluster-enabled", "yes"] });
  redis = new Redis(server.url);
  stop = () => server.stop();
  await redis.cluster("ADDSLOTSRANGE", 0, 16_383);
  await eventually(async () => String(await redis.cluster("INFO")).includes("cluster_state:ok"));
  channels = await workload({ redis, retentionMs: 60_000, askDeadlineMs: 30_000 }, lookAround);
});
afterAll(async () => {
  redis?.disconnect();
  await stop?.();
});

describe("the keys of a run of every step, on a cluster", () => {
  it("are all in the table, each in one row", () => {
    expect([...seen.keys()].filter((key) => rowsOf(key).length !== 1)).toEqual([]);
  });

  it("show every row of the table", () => {
    const found = new Set([...seen.keys()].flatMap(rowsOf));
    expect(rows.map(([name]) => name).filter((name) => !found.has(name))).toEqual([]);
  });

  it("expire if their row says so, and only then", () => {
    for (const [key, ttl] of seen) {
      const [name] = rowsOf(key);
      expect(ttl === -1, key).toBe(name !== undefined && KEYS[name].expires === "never");
    }
  });

  it("lie in one slot for each group that a script uses together, the conversation's channels too", async () => {
    const tagOf = (pattern: string): string | undefined => /\{(.*?)\}/.exec(pattern)?.[1];
    for (const tag of ["<shard>", "blobs"]) {
      const group = [...seen.keys()].filter((key) => rowsOf(key).some((name) => tagOf(KEYS[name].pattern) === tag));
      if (tag === "<shard>") group.push(...channels);
      expect(group.length).toBeGreaterThan(2);
      const slots = await Promise.all(group.map((key) => redis.cluster("KEYSLOT", key)));
      expect(new Set(slots), tag).toHaveProperty("size", 1);
    }
  });
});

it("ARCHITECTURE.md lists every key with what it holds and when it expires", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../../ARCHITECTURE.md"), "utf8");
  const listed = [...text.matchAll(/^\| `([^`]+)` \| (.*) \| (.*) \|$/gm)].map(([, ...row]) => row);
  const own = rows.map(([, { pattern, holds, expires }]) => [pattern, holds, expires]);
  expect(listed).toEqual(expect.arrayContaining(own));
  const others = listed.filter(([pattern]) => !own.some(([known]) => known === pattern));
  expect(others.map(([pattern]) => pattern)).toEqual(["{bull}:extract:*"]);
});

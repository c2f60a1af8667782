import { eventually, startRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askAddress } from "./address.ts";
import { accept, append, begin, finish, newNonce, newOwner, openLog, take, type Store } from "../index.ts";
import * as keys from "./keys.ts";

/** A cluster of one master that holds all slots: it refuses whatever crosses them. */
let redis: Redis;
let stop: () => Promise<void>;

beforeAll(async () => {
  const server = await startRedis({ args: ["--cluster-enabled", "yes"] });
  redis = new Redis(server.url);
  stop = () => server.stop();
  await redis.cluster("ADDSLOTSRANGE", 0, 16_383);
  await eventually(async () => String(await redis.cluster("INFO")).includes("cluster_state:ok"), { timeoutMs: 10_000 });
});
afterAll(async () => {
  redis?.disconnect();
  await stop?.();
});

const slotsOf = async (together: string[]): Promise<Set<unknown>> =>
  new Set(await Promise.all(together.map((key) => redis.cluster("KEYSLOT", key))));

describe("slots", () => {
  it("puts all keys of a user and the channels of its conversations into one slot", async () => {
    for (const user of ["alice", "bob", "a very long name with spaces", "{tag}"]) {
      const at = askAddress(user, "talk", "one");
      const together = [
        keys.dueKey(at.shard),
        keys.liveKey(at),
        keys.conversationsKey(at),
        keys.extractingKey(at),
        keys.heldKey(at),
        keys.uploadKey(at, "hash"),
        keys.recordKey(at),
        keys.logKey(at),
        keys.mailKey(at),
        keys.metaKey(at),
        keys.channelOf(at),
      ];
      expect(await slotsOf(together), user).toHaveProperty("size", 1);
    }
  });

  it("puts the keys that count reserved bytes into one slot", async () => {
    expect(await slotsOf([keys.RESERVED_KEY, keys.RESERVED_TOTAL_KEY, keys.RESERVED_EXPIRY_KEY])).toHaveProperty(
      "size",
      1,
    );
  });

  it("lets an ask go its whole way on a cluster", async () => {
    const store: Store = { redis, retentionMs: 60_000, askDeadlineMs: 30_000 };
    const body = { message: "?", files: [], origin: "socket" } as const;
    const input = { user: "alice", conversation: "talk", id: "one", body, digest: "d", trace: "t", nonce: newNonce() };
    await accept(store, { ...input, maxInFlight: 4 });
    const owner = newOwner();
    const taken = await take(store, askAddress("alice", "talk", "one"), owner);
    if (taken.kind !== "taken") throw new Error(taken.kind);
    await begin(store, taken.ask, owner, 3);
    await append(store, taken.ask, { attempt: 1, n: 1 }, [{ type: "delta", text: "yes" }], newNonce());
    expect(
      await finish(store, taken.ask, { attempt: 1, n: 2 }, { type: "cancelled", text: "yes" }, newNonce()),
    ).toMatchObject({ kind: "finished" });
    expect(await openLog(store, "alice", "talk")).toMatchObject({ events: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
  });
});

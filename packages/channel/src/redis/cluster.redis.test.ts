import { startRedisCluster, type TestCluster } from "@docrelay/testkit";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { blobStoreContract } from "../../test/blob-store.contract.ts";
import { workload } from "../../test/workload.ts";
import {
  accept,
  askAddress,
  awaitTexts,
  beginEdgeLease,
  checkAsk,
  claimPlaces,
  conversationAddress,
  countAsks,
  countUnfinished,
  createBlobStore,
  dueAsks,
  loadScripts,
  newNonce,
  stopWaiting,
  take,
  takeWaiting,
  textState,
  type Accepted,
  type Store,
} from "../index.ts";
import { blobKey } from "./keys.ts";

let cluster: TestCluster;
let store: Store;

beforeAll(async () => {
  cluster = await startRedisCluster({ replicas: 0 });
  const redis = new Cluster(cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port })));
  loadScripts(redis);
  store = { redis, retentionMs: 60_000, askDeadlineMs: 30_000 };
});
afterAll(async () => {
  store?.redis.disconnect();
  await cluster?.stop();
});

const ask = (user: string, id: string): Promise<Accepted> =>
  accept(store, {
    user,
    conversation: "talk",
    id,
    body: { message: "?", files: [], origin: "socket" },
    digest: "d",
    trace: "t",
    nonce: newNonce(),
    maxInFlight: 9,
  });

it("every step of a user works on a cluster of three masters", async () => {
  await workload(store, async () => undefined);
});

it("masters have the scripts before they are used", async () => {
  const known = await Promise.all(
    cluster.nodes.map(async ({ admin }) =>
      Number(/number_of_cached_scripts:(\d+)/.exec(await admin.info("memory"))?.[1]),
    ),
  );
  expect(Math.min(...known)).toBeGreaterThan(20);
});

it("asks of many users are counted, found and swept, whichever master they are at", async () => {
  const users = Array.from({ length: 30 }, (_, n) => `user ${n}`);
  await Promise.all(users.map((user) => ask(user, "one")));
  expect((await countUnfinished(store)).sum).toBe(30);
  const later = { ...store, redis: Object.create(store.redis, { time: { value: async () => [9e9, 0] } }) as Cluster };
  expect(await dueAsks(later, 10)).toHaveLength(30);
  for (const user of users)
    expect(await checkAsk(store, askAddress(user, "talk", "one"))).toMatchObject({ kind: "found" });
});

it("an ask waits for several texts, and leaves their lists", async () => {
  const keys = Array.from({ length: 9 }, (_, n) => `text-of-file-${n}`);
  const at = conversationAddress("a reader", "talk");
  await awaitTexts(store, at, keys);
  await stopWaiting(store, at, keys.slice(1));
  expect(await textState(store, keys)).toEqual(keys.map(() => "missing"));
  expect(await Promise.all(keys.map((key) => takeWaiting(store, key)))).toMatchObject([
    [at],
    ...keys.slice(1).map(() => []),
  ]);
});

it("places of edges that are gone are given to others", async () => {
  for (let n = 0; n < 9; n++) {
    if (n > 4) await beginEdgeLease(store.redis, `edge-${n}`, 60_000);
    await claimPlaces(store.redis, "guest", { node: `edge-${n}`, held: 0, wanted: 1, max: 9 });
  }
  expect(await claimPlaces(store.redis, "guest", { node: "new", held: 0, wanted: 5, max: 9 })).toBe(5);
});

it("running asks of a network are counted over its users", async () => {
  const network = conversationAddress("a network", "");
  const users = Array.from({ length: 9 }, (_, n) => `neighbour ${n}`);
  for (const user of users.slice(4)) await ask(user, "one");
  const count = (user: string, maxRunning: number) =>
    countAsks(store, network, [askAddress(user, "talk", "one")], { bytes: 1, maxBytes: 100, maxRunning });
  for (const user of users) await count(user, 100);
  expect(await count("neighbour 9", 5)).toEqual({ overMs: 0, isFull: false });
});

it("a step of a slot that moves does nothing until it has moved", async () => {
  await ask("traveller", "one");
  const at = conversationAddress("traveller", "talk");
  const tag = `{${at.shard}}`;
  const from = await cluster.masterOf(tag);
  const to = cluster.nodes.find((node) => node !== from);
  const slot = Number(await from.admin.cluster("KEYSLOT", tag));
  if (!to) throw new Error("no other master");
  await to.admin.cluster("SETSLOT", slot, "IMPORTING", from.id);
  await from.admin.cluster("SETSLOT", slot, "MIGRATING", to.id);
  // The mailbox has moved to the other node of the cluster, and the record of its ask has not yet. The record must not
  // look expired.
  const mail = `${tag}:${at.c}:mail`;
  await from.admin.migrate("127.0.0.1", to.port, "", 0, 1000, "KEYS", mail);
  const taken = take(store, at, "worker/owner");
  await expect(Promise.race([taken, to.admin.ping()])).resolves.toBe("PONG");
  const rest = await from.admin.cluster("GETKEYSINSLOT", slot, 1000);
  await from.admin.migrate("127.0.0.1", to.port, "", 0, 1000, "KEYS", ...rest);
  for (const { admin } of [to, from, ...cluster.nodes]) await admin.cluster("SETSLOT", slot, "NODE", to.id);
  expect(await take(store, at, "worker/owner")).toMatchObject({ kind: "taken" });
  await taken.catch(() => undefined);
});

blobStoreContract("redis in a cluster", {
  create: () => createBlobStore("redis", store),
  expire: (ref) => store.redis.pexpire(blobKey(ref), 1),
  places: async () => {
    const counts = await Promise.all(cluster.nodes.map(async ({ admin }) => (await admin.keys("blob:*")).length));
    return counts.reduce((sum, count) => sum + count, 0);
  },
});

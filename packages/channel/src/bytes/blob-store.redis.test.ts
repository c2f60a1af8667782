import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { blobStoreContract } from "../../test/blob-store.contract.ts";
import { placeOfBlobs } from "./blob-folder.ts";
import { SWEEP_GRACE_MS } from "./blob-store.ts";
import { createBlobStore, prepareBlobStore } from "../index.ts";
import { blobKey } from "../redis/keys.ts";

const channel = useChannel();
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "docrelay-blobs-"));
  await prepareBlobStore(`file:${folder}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

blobStoreContract("redis", {
  create: () => createBlobStore("redis", channel.store),
  expire: (ref) => channel.store.redis.pexpire(blobKey(ref), 1),
  places: () => channel.store.redis.dbsize(),
});
blobStoreContract("file", {
  create: () => createBlobStore(`file:${folder}`, channel.store),
  expire: (ref, blobs) => blobs.renew(ref, -2 * SWEEP_GRACE_MS),
  places: async () => (await readdir(placeOfBlobs(folder))).length,
});

it("a Redis Cluster may store the offset of an upload before its bytes, so callers must wait", async () => {
  const cluster = new Cluster([{ host: "127.0.0.1", port: 1 }], { lazyConnect: true });
  expect(createBlobStore("redis", { ...channel.store, redis: cluster }).isInOrder).toBe(false);
  expect(createBlobStore("redis", channel.store).isInOrder).toBe(true);
  cluster.disconnect();
});

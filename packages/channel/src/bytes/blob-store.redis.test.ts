import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
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

import { afterEach, describe, expect, it, vi } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import {
  beginUpload,
  claimBytes,
  confirmBytes,
  createBlobStore,
  newRef,
  readUpload,
  releaseUnclaimed,
  renewBytes,
  renewUnconfirmed,
  reserveBytes,
  storeChunk,
  sweepBytes,
} from "../index.ts";
import { KEYS, shareUntilKey, unfinishedKey } from "../redis/keys.ts";
import { userAddress } from "../redis/address.ts";

const MINUTE_MS = 60_000;
const channel = useChannel({ retentionMs: 2 * MINUTE_MS });
const blobs = () => createBlobStore("redis", channel.store);
const reserved = async () => Number(await channel.store.redis.get(KEYS.reservedTotal.pattern));

/** Makes all times in Redis `ms` older, as if that time had passed. */
async function pass(ms: number): Promise<void> {
  const { redis } = channel.store;
  for (const key of await redis.keys("*")) {
    const left = await redis.pttl(key);
    if (left > 0) await redis.pexpire(key, left - ms);
  }
  for (const ref of await redis.zrange(KEYS.reservedExpiry.pattern, 0, "-1"))
    await redis.zincrby(KEYS.reservedExpiry.pattern, -ms, ref);
  const of = userAddress(channel.user);
  for (const key of [shareUntilKey(of), unfinishedKey(of)])
    for (const ref of await redis.zrange(key, 0, "-1")) await redis.zincrby(key, -ms, ref);
}

const shares = { maxUserBytes: 250, maxBytes: 1000, maxUnfinished: 1000 };

async function begin(size: number, id = "u") {
  const of = { id, name: "a.pdf", type: "application/pdf", size, ref: newRef(), ...shares };
  const begun = await beginUpload(channel.store, channel.user, of);
  if (begun.kind !== "begun") throw new Error(begun.kind);
  return begun.upload;
}

async function chunk(ref: string, offset: number): Promise<void> {
  const upload = await readUpload(channel.store, channel.user, "u");
  if (upload?.ref !== ref) throw new Error("another upload");
  const of = { upload, offset, bytes: Buffer.from("x"), maxBytes: 1000 };
  const advanced = await storeChunk(channel.store, blobs(), channel.user, of);
  expect(advanced).toEqual({ kind: "advanced", offset: offset + 1, isNew: true, room: upload.size });
}

async function stored(ref: string): Promise<number> {
  let bytes = 0;
  for await (const part of blobs().read(ref)) bytes += part.length;
  return bytes;
}

afterEach(() => void vi.useRealTimers());

describe("an upload", () => {
  it("keeps its bytes and its shares for as long as a chunk comes within ten minutes", async () => {
    const { ref } = await begin(150);
    for (let n = 0; n < 4; n++) {
      await chunk(ref, n);
      await pass(9 * MINUTE_MS);
      await sweepBytes(channel.store, blobs());
    }
    expect(await stored(ref)).toBe(4);
    expect(await reserved()).toBe(150);
    const more = { id: "v", name: "b.pdf", type: "", size: 150, ref: newRef(), ...shares };
    expect(await beginUpload(channel.store, channel.user, more)).toMatchObject({ kind: "quota" });
  });

  it("expires, with its bytes and its shares, ten minutes after its last chunk", async () => {
    const { ref } = await begin(150);
    await chunk(ref, 0);
    await pass(10 * MINUTE_MS);
    expect(await readUpload(channel.store, channel.user, "u")).toBeUndefined();
    await pass(2 * MINUTE_MS);
    await sweepBytes(channel.store, blobs());
    expect([await blobs().exists(ref), await reserved()]).toEqual([false, 0]);
  });

  it("ends when its first chunk has not come in half a minute", async () => {
    await begin(150);
    await pass(30_000);
    expect(await readUpload(channel.store, channel.user, "u")).toBeUndefined();
    await begin(200, "v"); // the first upload has expired, so the bytes that were reserved for it are free again
    await pass(90_000);
    await sweepBytes(channel.store, blobs());
    expect(await reserved()).toBe(0);
  });

  it("that has expired keeps none of the bytes that come too late", async () => {
    const upload = await begin(150);
    await pass(30_000);
    await pass(60_000);
    await sweepBytes(channel.store, blobs());
    const late = { upload, offset: 0, bytes: Buffer.from("x"), maxBytes: 1000 };
    expect(await storeChunk(channel.store, blobs(), channel.user, late)).toMatchObject({ kind: "unknown" });
    expect(await blobs().exists(upload.ref)).toBe(false);
  });

  it("is not removed as idle by a process whose clock is ahead", async () => {
    const { ref } = await begin(150);
    await chunk(ref, 0);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 15 * MINUTE_MS });
    await sweepBytes(channel.store, blobs());
    expect([await blobs().exists(ref), await reserved()]).toEqual([true, 150]);
  });

  it("that is finished keeps its bytes for as long as they are used", async () => {
    const { ref } = await begin(1);
    await chunk(ref, 0);
    await claimBytes(channel.store, blobs(), "sha", ref);
    for (let n = 0; n < 9; n++) {
      await pass(0.75 * channel.store.retentionMs);
      expect(await renewBytes(channel.store, blobs(), ref)).toBe(true);
      await sweepBytes(channel.store, blobs());
    }
    expect([await stored(ref), await reserved()]).toEqual([1, 1]);
  });
});

describe("bytes that arrived as a whole", () => {
  async function reserve(): Promise<string> {
    const ref = newRef();
    expect(await reserveBytes(channel.store, channel.user, { ref, size: 150, ...shares })).toEqual({
      kind: "reserved",
    });
    await blobs().write(ref, 0, Buffer.from("x"));
    return ref;
  }
  const confirm = (ref: string) => confirmBytes(channel.store, channel.user, { ref, size: 150 });

  it("take no room any more two minutes after the process died that stored them", async () => {
    const ref = await reserve();
    await pass(2 * MINUTE_MS);
    await sweepBytes(channel.store, blobs());
    expect([await blobs().exists(ref), await reserved()]).toEqual([false, 0]);
    await reserve(); // the user's share has room for no more than one such file
    expect(await confirm(ref)).toBe(false);
  });

  it("may be stored slowly, and are then kept for the retention", async () => {
    const ref = await reserve();
    for (let n = 0; n < 5; n++) {
      await pass(MINUTE_MS);
      await sweepBytes(channel.store, blobs());
      await renewUnconfirmed(channel.store, ref);
    }
    expect(await claimBytes(channel.store, blobs(), "sha", ref)).toBe(ref);
    expect(await confirm(ref)).toBe(true);
    await pass(0.9 * channel.store.retentionMs);
    await sweepBytes(channel.store, blobs());
    expect([await stored(ref), await reserved()]).toEqual([1, 150]);
    const more = { ref: newRef(), size: 150, ...shares };
    expect(await reserveBytes(channel.store, channel.user, more)).toMatchObject({ kind: "quota" });
  });

  it("are removed after an error, but not a copy that another file may use", async () => {
    const [first, second] = [await reserve(), newRef()];
    await claimBytes(channel.store, blobs(), "sha", first);
    await blobs().write(second, 0, Buffer.from("x"));
    const user = userAddress(channel.user);
    for (const ref of [first, second]) await releaseUnclaimed(channel.store, blobs(), { ref, text: "sha", user });
    expect([await blobs().exists(first), await blobs().exists(second)]).toEqual([true, false]);
  });
});

it("one sweep releases the room of any number of idle uploads", async () => {
  for (let n = 0; n < 250; n++) await begin(1, `u${n}`);
  await pass(12 * MINUTE_MS);
  expect(await sweepBytes(channel.store, blobs())).toBe(250);
  expect(await reserved()).toBe(0);
});

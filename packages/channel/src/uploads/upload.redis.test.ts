import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import {
  advanceUpload,
  beginUpload,
  claimBytes,
  createBlobStore,
  dropUpload,
  finishUpload,
  growRoom,
  newRef,
  readUpload,
  releaseBytes,
  reserveBytes,
  storeChunk,
  sweepBytes,
  userAddress,
  type UploadState,
} from "../index.ts";
import { shareKeys } from "../bytes/reservation.ts";
import { KEYS } from "../redis/keys.ts";

const channel = useChannel();
const blobs = () => createBlobStore("redis", channel.store);
const start = (id: string, size = 10, more: Partial<Parameters<typeof beginUpload>[2]> = {}, user = channel.user) =>
  beginUpload(channel.store, user, {
    id,
    name: "a.pdf",
    type: "application/pdf",
    size,
    ref: newRef(),
    maxUserBytes: 100,
    maxBytes: 1000,
    maxUnfinished: 9,
    ...more,
  });
const reserved = async () => Number(await channel.store.redis.get(KEYS.reservedTotal.pattern));

describe("dropUpload", () => {
  it("removes the upload, its bytes and their shares, and may be called twice", async () => {
    const begun = await start("u", 60);
    if (begun.kind !== "begun") throw new Error(begun.kind);
    await blobs().write(begun.upload.ref, 0, Buffer.alloc(60));
    for (let n = 0; n < 2; n++) await dropUpload(channel.store, blobs(), channel.user, begun.upload);
    expect(await readUpload(channel.store, channel.user, "u")).toBeUndefined();
    expect([await blobs().exists(begun.upload.ref), await reserved()]).toEqual([false, 0]);
    expect(await start("u", 100, { name: "b.pdf" })).toMatchObject({ kind: "begun", upload: { offset: 0 } });
  });
});

describe("dropUpload by an edge that found no bytes", () => {
  it("keeps an upload that another edge has finished", async () => {
    const begun = await start("u", 60);
    if (begun.kind !== "begun") throw new Error(begun.kind);
    await finishUpload(channel.store, channel.user, "u", { sha256: "sha", ref: "kept", text: "key", size: 60 });
    expect(await dropUpload(channel.store, blobs(), channel.user, begun.upload)).toBe("finished");
    expect(await readUpload(channel.store, channel.user, "u")).toMatchObject({ done: true, ref: "kept" });
  });
});

describe("beginUpload", () => {
  it("begins at 0, and begun again continues at its offset, with its ref", async () => {
    const first = await start("u");
    expect(first).toMatchObject({
      kind: "begun",
      upload: { id: "u", name: "a.pdf", size: 10, offset: 0, done: false },
    });
    const { ref = "" } = (await readUpload(channel.store, channel.user, "u")) ?? {};
    await advanceUpload(channel.store, channel.user, { id: "u", ref, offset: 0, length: 4 });
    const again = await start("u");
    expect(again).toMatchObject({ kind: "begun", upload: { offset: 4 } });
    expect(again.kind === "begun" && first.kind === "begun" && again.upload.ref === first.upload.ref).toBe(true);
    expect(await reserved()).toBe(10);
  });

  it("is a conflict for another file under the same id", async () => {
    await start("u");
    expect(await start("u", 11)).toEqual({ kind: "conflict" });
    expect(await start("u", 10, { name: "b.pdf" })).toEqual({ kind: "conflict" });
    expect(await reserved()).toBe(10);
  });

  it("refuses bytes beyond a user's share, stores nothing then, and accepts those of others", async () => {
    await start("a", 60);
    expect(await start("b", 60)).toEqual({ kind: "quota", freeInMs: expect.any(Number) });
    expect(await reserved()).toBe(60);
    expect(await readUpload(channel.store, channel.user, "b")).toBeUndefined();
    expect(await start("b", 60, {}, "another")).toMatchObject({ kind: "begun" });
  });

  it("is busy when all users together have used their share, but continues a begun upload", async () => {
    await start("a", 60, { maxBytes: 100 });
    expect(await start("b", 60, { maxBytes: 100 }, "another")).toEqual({ kind: "busy" });
    expect(await start("a", 60, { maxBytes: 100 })).toMatchObject({ kind: "begun" });
    expect(await reserved()).toBe(60);
  });

  it("is not visible to another user", async () => {
    await start("u");
    expect(await readUpload(channel.store, "another", "u")).toBeUndefined();
  });
});

describe("the room of all users", () => {
  const MIB = 1_048_576;
  const large = { maxUserBytes: 2 ** 40, maxBytes: 8 * MIB, maxUnfinished: 1000 };

  it("is for bytes that came: uploads without a byte take little of it, and it grows with what arrives", async () => {
    for (let n = 0; n < 100; n++) expect(await start(`u${n}`, 25 * MIB, large)).toMatchObject({ kind: "begun" });
    expect(await reserved()).toBe(100 * 65_536);
    const { upload } = (await start("u0", 25 * MIB, large)) as { upload: UploadState };
    const bytes = Buffer.alloc(65_536);
    const chunk = (offset: number) =>
      storeChunk(channel.store, blobs(), channel.user, { upload, offset, bytes, maxBytes: 8 * MIB });
    expect(await chunk(0)).toMatchObject({ room: 131_072 });
    expect(await chunk(65_536)).toMatchObject({ room: 262_144 });
    expect(await reserved()).toBe(100 * 65_536 + 196_608);
    const all = { ref: upload.ref, room: 8 * MIB, maxBytes: 8 * MIB, keepMs: 1000 };
    expect(await growRoom(channel.store, all)).toEqual({ kind: "busy", room: 262_144 });
  });

  it("is not filled by the many unfinished uploads of one user, and says when another may begin", async () => {
    for (let n = 0; n < 9; n++) await start(`u${n}`, 1);
    const refused = await start("more", 1);
    expect(refused).toEqual({ kind: "busy", freeInMs: expect.any(Number) });
    expect((refused as { freeInMs: number }).freeInMs).toBeGreaterThan(25_000);
    expect(await reserved()).toBe(9);
    const { ref = "" } = (await readUpload(channel.store, channel.user, "u0")) ?? {};
    await finishUpload(channel.store, channel.user, "u0", { sha256: "s", ref, text: "t", size: 1 });
    expect(await start("more", 1)).toMatchObject({ kind: "begun" });
  });
});

describe("the share of a user", () => {
  const hold = async (ref: string, size: number) =>
    reserveBytes(channel.store, channel.user, { ref, size, maxUserBytes: 100, maxBytes: 1000 });

  it("forgets what is no longer kept, and says when there is room for as much as was refused", async () => {
    const { redis } = channel.store;
    const { shareUntil } = shareKeys(userAddress(channel.user));
    const [ref, size] = [
      ["a", "b", "c"],
      [50, 30, 20],
    ];
    for (const [n, name] of ref.entries()) expect(await hold(name, size[n] ?? 0)).toEqual({ kind: "reserved" });
    const until = Number(await redis.zscore(shareUntil, "a"));
    await redis.zadd(shareUntil, until + 1000, "b", until + 9000, "c");
    const freeInMs = async (bytes: number) => ((await hold("d", bytes)) as { freeInMs: number }).freeInMs;
    expect((await freeInMs(60)) - (await freeInMs(50))).toBeGreaterThan(900);
    expect((await freeInMs(60)) - (await freeInMs(50))).toBeLessThan(1100);
    await redis.zadd(shareUntil, 1, "a");
    expect(await hold("d", 60)).toMatchObject({ kind: "quota" });
    expect(await hold("d", 50)).toEqual({ kind: "reserved" });
    expect(await hold("e", 1)).toMatchObject({ kind: "quota" });
  });
});

describe("advanceUpload", () => {
  it("counts each chunk once and names the offset it expects", async () => {
    await start("u", 10, { ref: "own" });
    const at = (offset: number, length: number, more: { id?: string; ref?: string } = {}) =>
      advanceUpload(channel.store, channel.user, { id: "u", ref: "own", offset, length, ...more });
    expect(await at(0, 4)).toEqual({ kind: "advanced", offset: 4 });
    expect(await at(0, 4)).toEqual({ kind: "repeated", offset: 4 });
    expect(await at(8, 2)).toEqual({ kind: "hole", expectedOffset: 4 });
    expect(await at(4, 6)).toEqual({ kind: "advanced", offset: 10 });
    expect(await at(0, 1, { id: "never" })).toEqual({ kind: "unknown" });
  });

  it("counts no bytes of an upload that was dropped for another one with its id", async () => {
    await start("u", 10, { ref: "other" });
    const of = { id: "u", ref: "dropped", offset: 0, length: 4 };
    expect(await advanceUpload(channel.store, channel.user, of)).toEqual({ kind: "unknown" });
    expect(await readUpload(channel.store, channel.user, "u")).toMatchObject({ offset: 0 });
  });
});

describe("storeChunk", () => {
  it("stores and counts chunks that are sent without waiting for each other", async () => {
    const begun = await start("u", 8);
    if (begun.kind !== "begun") throw new Error(begun.kind);
    const { upload } = begun;
    const chunks = [0, 2, 4, 6].map((offset) => ({
      upload,
      offset,
      bytes: Buffer.from([offset, offset]),
      maxBytes: 1000,
    }));
    const stored = chunks.map((chunk) => storeChunk(channel.store, blobs(), channel.user, chunk));
    const offsets = [2, 4, 6, 8].map((offset) => ({ kind: "advanced", offset, isNew: true, room: 8 }));
    expect(await Promise.all(stored)).toEqual(offsets);
    const again = await storeChunk(channel.store, blobs(), channel.user, {
      upload,
      offset: 0,
      bytes: Buffer.from("xx"),
      maxBytes: 1000,
    });
    expect(again).toEqual({ kind: "repeated", offset: 8, isNew: false, room: 8 });
    expect(Buffer.concat(await Array.fromAsync(blobs().read(upload.ref)))).toEqual(
      Buffer.from([0, 0, 2, 2, 4, 4, 6, 6]),
    );
  });

  it("counts nothing that Redis did not store", async () => {
    const begun = await start("u", 8);
    if (begun.kind !== "begun") throw new Error(begun.kind);
    const full = { ...blobs(), write: () => Promise.reject(new Error("OOM")) };
    const chunk = { upload: begun.upload, offset: 0, bytes: Buffer.from("four"), maxBytes: 1000 };
    await expect(storeChunk(channel.store, full, channel.user, chunk)).rejects.toThrow("OOM");
    expect(await readUpload(channel.store, channel.user, "u")).toMatchObject({ offset: 0 });
  });
});

describe("the end of an upload", () => {
  it("keeps one copy of the same bytes, and releases the share of the second", async () => {
    const mine = await start("u");
    const theirs = await start("v", 10, {}, "another");
    if (mine.kind !== "begun" || theirs.kind !== "begun") throw new Error("did not begin");
    await blobs().write(mine.upload.ref, 0, Buffer.from("0123456789"));
    await blobs().write(theirs.upload.ref, 0, Buffer.from("0123456789"));
    expect(await claimBytes(channel.store, blobs(), "sha", mine.upload.ref)).toBe(mine.upload.ref);
    expect(await claimBytes(channel.store, blobs(), "sha", mine.upload.ref)).toBe(mine.upload.ref);
    const kept = await claimBytes(channel.store, blobs(), "sha", theirs.upload.ref);
    expect(kept).toBe(mine.upload.ref);
    await releaseBytes(channel.store, blobs(), theirs.upload.ref, { user: userAddress("another") });
    await finishUpload(channel.store, "another", "v", { sha256: "sha", ref: kept, text: "key", size: 10 });
    expect(await readUpload(channel.store, "another", "v")).toMatchObject({
      done: true,
      ref: kept,
      sha256: "sha",
      text: "key",
    });
    expect(await reserved()).toBe(10);
  });

  it("does not point to bytes that are gone", async () => {
    expect(await claimBytes(channel.store, blobs(), "sha", "first")).toBe("first");
    expect(await claimBytes(channel.store, blobs(), "sha", "second")).toBe("second");
  });

  it("keeps a finished upload for the retention, an idle one for ten minutes", async () => {
    await start("u", 10, { ref: "own" });
    await advanceUpload(channel.store, channel.user, { id: "u", ref: "own", offset: 0, length: 4 });
    const key = (await channel.store.redis.keys("*:up:*"))[0] ?? "";
    expect(await channel.store.redis.pttl(key)).toBeGreaterThan(500_000);
    await finishUpload(channel.store, channel.user, "u", { sha256: "s", ref: "r", text: "t", size: 10 });
    expect(await channel.store.redis.pttl(key)).toBeLessThanOrEqual(channel.store.retentionMs);
    expect(
      await finishUpload(channel.store, channel.user, "never", { sha256: "s", ref: "r", text: "t", size: 10 }),
    ).toBe("unknown");
  });

  it("releases room once, also when called again", async () => {
    const begun = await start("u");
    if (begun.kind !== "begun") throw new Error(begun.kind);
    await releaseBytes(channel.store, blobs(), begun.upload.ref, { text: "sha" });
    await releaseBytes(channel.store, blobs(), begun.upload.ref, { text: "sha" });
    expect(await reserved()).toBe(0);
    expect(await channel.store.redis.hlen(KEYS.reserved.pattern)).toBe(0);
  });

  it("sweeps idle uploads", async () => {
    const begun = await start("u");
    if (begun.kind !== "begun") throw new Error(begun.kind);
    expect(await sweepBytes(channel.store, blobs())).toBe(0);
    await channel.store.redis.zadd(KEYS.reservedExpiry.pattern, 1, begun.upload.ref);
    expect(await sweepBytes(channel.store, blobs())).toBe(1);
    expect(await reserved()).toBe(0);
  });
});

import { eventually } from "@docrelay/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChannelError, newRef, type BlobStore } from "../src/index.ts";

interface Subject {
  create(): BlobStore;
  /** Makes a blob expire. */
  expire(ref: string, blobs: BlobStore): Promise<unknown>;
  /** Returns how many blobs are stored now. */
  places(): Promise<number>;
}

async function readAll(blobs: BlobStore, ref: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.read(ref)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Runs the tests that every implementation of a blob store must pass. */
export function blobStoreContract(name: string, subject: Subject): void {
  describe(`blob store: ${name}`, () => {
    it("returns the bytes in order, for chunks in any order, also repeated", async () => {
      const blobs = subject.create();
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { minLength: 1, maxLength: 12 }),
          fc.infiniteStream(fc.nat()),
          async (chunks, random) => {
            const ref = newRef();
            const placed = chunks.map((bytes, index) => ({
              bytes,
              offset: chunks.slice(0, index).reduce((sum, { length }) => sum + length, 0),
            }));
            const order = [...placed, ...placed].sort(() => (random.next().value % 3) - 1);
            for (const { offset, bytes } of order) await blobs.write(ref, offset, bytes);
            expect(await readAll(blobs, ref)).toEqual(Buffer.concat(chunks));
            await blobs.remove(ref);
          },
        ),
        { numRuns: 15 },
      );
    });

    it("never changes bytes that are stored, and ignores chunks that do not begin where one ends", async () => {
      const blobs = subject.create();
      const ref = newRef();
      expect(await blobs.write(ref, 0, Buffer.from("abc"))).toBe(true);
      expect(await blobs.write(ref, 0, Buffer.from("xyz"))).toBe(false);
      await blobs.write(ref, 2, Buffer.from("yz"));
      await blobs.write(ref, 3, Buffer.from("def"));
      expect((await readAll(blobs, ref)).toString()).toBe("abcdef");
      if (blobs.count) expect(await blobs.count(ref)).toBe(3);
    });

    it("returns many and large chunks in order", async () => {
      const blobs = subject.create();
      const ref = newRef();
      const sizes = [700_000, 1, 400_000, 1_500_000, 3, 2_000_000, 600_000, 600_000];
      const chunks = sizes.map((size, index) => Buffer.alloc(size, index + 1));
      let at = 0;
      for (const chunk of chunks) {
        await blobs.write(ref, at, chunk);
        at += chunk.length;
      }
      expect((await readAll(blobs, ref)).equals(Buffer.concat(chunks))).toBe(true);
      await blobs.remove(ref);
    });

    it("returns a range of the bytes, also where a chunk behind it is missing", async () => {
      const blobs = subject.create();
      const ref = newRef();
      const text = "abcdefghij";
      for (const [offset, part] of [
        [0, "abc"],
        [3, "defg"],
        [7, "hij"],
        [12, "m"],
      ] as const)
        await blobs.write(ref, offset, Buffer.from(part));
      for (const [from, to] of [
        [0, 10],
        [0, 1],
        [2, 4],
        [3, 7],
        [5, 6],
        [7, 10],
        [4, 4],
      ] as const) {
        const parts: Uint8Array[] = [];
        for await (const part of blobs.read(ref, { from, to })) parts.push(part);
        expect(Buffer.concat(parts).toString()).toBe(text.slice(from, to));
      }
      await expect(readAll(blobs, ref)).rejects.toMatchObject({ kind: "hole" });
      await blobs.remove(ref);
    });

    it("throws at a hole", async () => {
      const blobs = subject.create();
      const ref = newRef();
      await blobs.write(ref, 0, Buffer.from("abc"));
      await blobs.write(ref, 4, Buffer.from("e"));
      await expect(readAll(blobs, ref)).rejects.toThrow(ChannelError);
      await expect(readAll(blobs, newRef())).rejects.toMatchObject({ kind: "hole" });
    });

    it("returns whether bytes are there, and removes them, also twice", async () => {
      const blobs = subject.create();
      const ref = newRef();
      expect(await blobs.exists(ref)).toBe(false);
      await blobs.write(ref, 0, Buffer.from("abc"));
      await blobs.write(ref, 3, Buffer.from("def"));
      expect(await blobs.exists(ref)).toBe(true);
      expect(await blobs.renew(ref, 1000)).toBe(true);
      await blobs.remove(ref);
      await blobs.remove(ref);
      expect(await blobs.exists(ref)).toBe(false);
      expect(await blobs.renew(ref, 1000)).toBe(false);
      expect(await blobs.exists(ref)).toBe(false);
    });

    it("keeps nothing of an expired blob", async () => {
      const blobs = subject.create();
      const [old, kept] = [newRef(), newRef()];
      const before = await subject.places();
      await blobs.write(old, 0, Buffer.from("abc"));
      await blobs.write(kept, 0, Buffer.from("abc"));
      await subject.expire(old, blobs);
      await eventually(async () => {
        await blobs.sweep();
        return (await subject.places()) === before + 1;
      });
      expect(await blobs.exists(kept)).toBe(true);
      await blobs.remove(kept);
    });
  });
}

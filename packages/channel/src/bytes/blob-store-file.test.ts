import { access, lstat, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { placeOfBlobs, prepareBlobFolder } from "./blob-folder.ts";
import { createFileBlobStore } from "./blob-store-file.ts";
import { IDLE_UPLOAD_MS, newRef, SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";

let root = "";
// The store's clock in these tests. It is far from the time of the disk, because the difference must not matter.
let time = 4_000_000_000_000;
let blobs: BlobStore;
const place = (...names: string[]): string => join(placeOfBlobs(root), ...names);
const bytes = Buffer.from("some bytes");
const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "docrelay-blobs-"));
  await prepareBlobFolder(root);
  blobs = createFileBlobStore(root, () => Promise.resolve(time));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Creates files, folders and links that a sweep must not touch, and returns their paths. */
async function plantForeign(): Promise<string[]> {
  const outside = join(root, "precious");
  const files = [join(outside, "a"), join(outside, "0"), join(outside, "until"), place("notes.txt")];
  await mkdir(outside);
  await mkdir(place("precious"));
  await mkdir(place("A".repeat(22), "sub"), { recursive: true });
  files.push(place("precious", "0"), place("A".repeat(22), "letter.txt"), place("A".repeat(22), "0.5"));
  files.push(join(root, "A".repeat(22)), place("A".repeat(21) + "B"), place("B".repeat(22)));
  for (const file of files) await writeFile(file, "mine");
  await symlink(outside, place("C".repeat(21) + "A"));
  await symlink(join(outside, "a"), place("A".repeat(22), "1"));
  return [...files, place("C".repeat(21) + "A"), place("A".repeat(22), "1"), place("A".repeat(22), "sub")];
}

describe("a folder of blobs", () => {
  it("loses nothing that is not a blob: folders, files and links of others survive sweeps and removals", async () => {
    const foreign = await plantForeign();
    const own = newRef();
    await blobs.write(own, 0, bytes);
    for (let n = 0; n < 3; n++) {
      await blobs.sweep();
      time += 10 * IDLE_UPLOAD_MS;
    }
    for (const ref of ["A".repeat(22), "C".repeat(21) + "A"]) await blobs.remove(ref);
    for (const ref of ["../..", "../precious", "precious", "", "."]) await expect(blobs.remove(ref)).rejects.toThrow();
    const gone = await Promise.all(
      foreign.map((path) =>
        lstat(path).then(
          () => [],
          () => [path],
        ),
      ),
    );
    expect(gone.flat()).toEqual([]);
    expect(await blobs.exists(own)).toBe(false);
    expect(await isThere(place(own))).toBe(false);
  });

  it("keeps a blob for ten minutes after its last chunk and a grace, and no longer", async () => {
    const ref = newRef();
    await blobs.write(ref, 0, bytes);
    time += IDLE_UPLOAD_MS - 1;
    await blobs.write(ref, bytes.length, bytes);
    time += IDLE_UPLOAD_MS + SWEEP_GRACE_MS;
    expect(await blobs.sweep()).toBe(0);
    time += 1;
    expect(await blobs.sweep()).toBe(1);
    expect(await blobs.exists(ref)).toBe(false);
  });

  it("loses no chunk that is written while it is swept", async () => {
    const refs = Array.from({ length: 4 }, newRef);
    let writing = true;
    const sweeps = async (): Promise<void> => {
      while (writing) await blobs.sweep();
    };
    const write = async (ref: string): Promise<void> => {
      for (let n = 0; n < 40; n++) await blobs.write(ref, n * bytes.length, bytes);
    };
    const sweeping = sweeps();
    await Promise.all(refs.map(write)).finally(() => void (writing = false));
    await sweeping;
    for (const ref of refs) {
      let length = 0;
      for await (const chunk of blobs.read(ref)) length += chunk.length;
      expect(length).toBe(40 * bytes.length);
    }
  });

  it("removes what a dead writer left: half-written files, a folder without a time", async () => {
    const [torn, undated] = [newRef(), newRef()];
    await blobs.write(torn, 0, bytes);
    await writeFile(place(torn, "10.0e984725-c51c-4bf4-9960-e1c80e27aba0"), "som");
    await mkdir(place(undated));
    await writeFile(place(undated, "0.0e984725-c51c-4bf4-9960-e1c80e27aba0"), "som");
    expect(await blobs.sweep()).toBe(0);
    await blobs.remove(torn);
    time += IDLE_UPLOAD_MS + 1;
    expect(await blobs.sweep()).toBe(1);
    expect((await readdir(place())).map((name) => name.length)).not.toContain(22);
  });

  it("leaves no torn file when a chunk cannot be put in its place", async () => {
    const ref = newRef();
    // A folder stands where the chunk's file belongs, so the temporary file cannot be renamed to it.
    await mkdir(place(ref, "0"), { recursive: true });
    await expect(blobs.write(ref, 0, bytes)).rejects.toMatchObject({ kind: "io" });
    expect(await readdir(place(ref))).toEqual(["0"]);
  });

  it("that is away gives an error of the store, not missing bytes", async () => {
    const ref = newRef();
    await blobs.write(ref, 0, bytes);
    await rename(placeOfBlobs(root), join(root, "unmounted"));
    const read = async (): Promise<void> => {
      for await (const chunk of blobs.read(ref)) expect(chunk).toBeUndefined();
    };
    const steps = [blobs.write(ref, 10, bytes), blobs.exists(ref), blobs.renew(ref, 1), blobs.sweep(), read()];
    for (const step of await Promise.allSettled(steps)) {
      expect(step).toMatchObject({ status: "rejected", reason: { kind: "io" } });
    }
    await rename(join(root, "unmounted"), placeOfBlobs(root));
    expect(await blobs.exists(ref)).toBe(true);
  });
});

describe("taking a folder into use", () => {
  it.each([
    ["a folder", (at: string) => mkdir(join(at, "precious"))],
    ["a file", (at: string) => writeFile(join(at, "letter.txt"), "")],
    ["a folder named like ours", (at: string) => mkdir(join(placeOfBlobs(at), "precious"), { recursive: true })],
  ])("is refused when it holds %s of another program, and changes nothing", async (_name, plant) => {
    await rm(root, { recursive: true });
    await mkdir(root);
    await plant(root);
    const before = await readdir(root, { recursive: true });
    await expect(prepareBlobFolder(root)).rejects.toMatchObject({
      kind: "setting",
      message: expect.stringMatching(/^BLOB_STORE: .* is not empty .*: name an empty folder$/),
    });
    expect(await readdir(root, { recursive: true })).toEqual(before);
  });

  it("may be done again, and by many processes at once, also at the root of a file system", async () => {
    await rm(root, { recursive: true });
    await mkdir(join(root, "lost+found"), { recursive: true });
    await Promise.all(Array.from({ length: 20 }, () => prepareBlobFolder(root)));
    expect((await readdir(root)).sort()).toEqual(["docrelay-blobs", "lost+found"]);
    expect(await readdir(placeOfBlobs(root))).toEqual(["OWNED-BY-DOCRELAY"]);
  });

  it("gives the reason when it cannot be written", async () => {
    await rm(root, { recursive: true });
    await writeFile(root, "");
    await expect(prepareBlobFolder(root)).rejects.toMatchObject({
      kind: "setting",
      message: expect.stringMatching(/ENOTDIR|EEXIST/),
    });
  });
});

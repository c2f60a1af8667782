import { lstat, mkdir, readdir, readFile, rename, rmdir, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { checkMarker, codeOf, placeOfBlobs } from "./blob-folder.ts";
import { IDLE_UPLOAD_MS, isRef, SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";
import { ignoring, moveIfNew, onDisk, putFile } from "./on-disk.ts";
import { slice } from "./slice.ts";
import { ChannelError } from "../channel-error.ts";
import { placeOfChunk } from "../sealing/places.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";

/** The name of the expiry file. Its modification time is the time at which the blob expires, by the clock of Redis. */
const UNTIL = "until";
const CHUNK = /^\d+$/;
/**
 * Names of docrelay's files in a blob's folder. A name with a UUID at the end is a temporary file that is not renamed
 * yet.
 */
const OURS = /^(\d+|until)(\.[\da-f-]{36})?$/;

/**
 * Stores blobs as folders of chunk files, in a sub-folder of `root` that `prepareBlobFolder` has taken into use. A file
 * is written under a temporary name and then renamed, so a reader sees a whole file or none. Folders whose name is not
 * a ref, symbolic links and files of other names are never deleted.
 *
 * `now`: a clock that all processes share, in ms. Errors of the disk are ChannelErrors `io`. A missing folder, for
 * example an unmounted disk, is such an error too.
 */
export function createFileBlobStore(
  root: string,
  now: () => Promise<number>,
  sealing: Sealing = createSealing(),
): BlobStore {
  const blobs: FileBlobs = { root, place: placeOfBlobs(root), now, sealing, undated: new Map() };
  return {
    isInOrder: false,
    write: (ref, offset, bytes) => onDisk(() => write(blobs, ref, offset, bytes)),
    read: (ref, range) => (range ? slice(readAll(blobs, ref), range) : readAll(blobs, ref)),
    exists: (ref) => onDisk(async () => (await chunks(blobs, ref)).length > 0),
    remove: (ref) => onDisk(async () => void (await drop(blobs, ref))),
    renew: (ref, keepMs) => onDisk(() => keep(blobs, ref, keepMs)),
    sweep: () => onDisk(() => sweep(blobs)),
  };
}

interface FileBlobs {
  readonly root: string;
  readonly place: string;
  readonly now: () => Promise<number>;
  readonly sealing: Sealing;
  /**
   * Blobs without an expiry file, and when a sweep first saw each of them. Their writer has just begun, or has died.
   */
  undated: Map<string, number>;
}

function folderOf({ place }: FileBlobs, ref: string): string {
  if (!isRef(ref)) throw new ChannelError("wrong-answer", "not the name of a blob");
  return join(place, ref);
}

/** Stores a chunk and keeps its blob for ten minutes from now. Returns false when the chunk was stored already. */
async function write(blobs: FileBlobs, ref: string, offset: number, bytes: Uint8Array): Promise<boolean> {
  const folder = folderOf(blobs, ref);
  await mkdir(folder).catch(ignoring("EEXIST"));
  const chunk = join(folder, String(offset));
  const sealed = blobs.sealing.seal(placeOfChunk(ref, offset), bytes);
  const isNew = await putFile(chunk, sealed, (beside) => moveIfNew(beside, chunk));
  if (await keep(blobs, ref, IDLE_UPLOAD_MS)) return isNew;
  const until = new Date((await blobs.now()) + IDLE_UPLOAD_MS);
  await putFile(join(folder, UNTIL), new Uint8Array(), async (beside) => {
    await utimes(beside, until, until);
    await rename(beside, join(folder, UNTIL));
  });
  return isNew;
}

/** Deletes the blobs that have expired; returns their number. */
async function sweep(blobs: FileBlobs): Promise<number> {
  await checkMarker(blobs.root);
  const time = await blobs.now();
  const entries = await readdir(blobs.place, { withFileTypes: true });
  const refs = entries.filter((entry) => entry.isDirectory() && isRef(entry.name)).map(({ name }) => name);
  const seen = blobs.undated;
  blobs.undated = new Map();
  let removed = 0;
  for (const ref of refs) if ((await isOver(blobs, ref, time, seen.get(ref))) && (await drop(blobs, ref))) removed++;
  return removed;
}

/** Sets when a blob expires. Returns false when there is no such blob. */
async function keep(blobs: FileBlobs, ref: string, ms: number): Promise<boolean> {
  const until = new Date((await blobs.now()) + ms);
  return ifThere(blobs, () => utimes(join(folderOf(blobs, ref), UNTIL), until, until).then(() => true), false);
}

/**
 * Returns the result of `step`, or `otherwise` when the file is missing. Throws when the whole folder of blobs is
 * missing.
 */
async function ifThere<T>(blobs: FileBlobs, step: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    await checkMarker(blobs.root);
    return otherwise;
  }
}

/** Returns the offsets at which the chunks of a blob begin. */
async function chunks(blobs: FileBlobs, ref: string): Promise<number[]> {
  const names = await ifThere(blobs, () => readdir(folderOf(blobs, ref)), []);
  return names.filter((name) => CHUNK.test(name)).map(Number);
}

/**
 * Deletes a blob's files and folder. Returns false when the folder stays, because it has a file that is not docrelay's.
 */
async function drop(blobs: FileBlobs, ref: string): Promise<boolean> {
  const own = folderOf(blobs, ref);
  const there = await ifThere(blobs, () => lstat(own), undefined);
  if (!there?.isDirectory()) return false;
  const entries = (await readdir(own, { withFileTypes: true })).filter((one) => one.isFile() && OURS.test(one.name));
  // The expiry file is deleted last, so that the next sweep continues a removal that was interrupted.
  const last = ({ name }: { name: string }): boolean => name === UNTIL;
  for (const some of [entries.filter((one) => !last(one)), entries.filter(last)]) {
    await Promise.all(some.map(({ name }) => unlink(join(own, name)).catch(ignoring("ENOENT"))));
  }
  return rmdir(own).then(() => true, ignoring("ENOENT", "ENOTEMPTY", "EEXIST"));
}

/**
 * Whether a blob has expired at `time`. `since`: when a sweep first saw the blob, for a blob without an expiry file.
 */
async function isOver(blobs: FileBlobs, ref: string, time: number, since = time): Promise<boolean> {
  const until = await ifThere(blobs, () => lstat(join(folderOf(blobs, ref), UNTIL)), undefined);
  if (until) return until.mtimeMs + SWEEP_GRACE_MS < time;
  blobs.undated.set(ref, since);
  return since + IDLE_UPLOAD_MS < time;
}

async function* readAll(blobs: FileBlobs, ref: string): AsyncGenerator<Uint8Array> {
  const offsets = (await onDisk(() => chunks(blobs, ref))).sort((a, b) => a - b);
  let next = 0;
  for (const offset of offsets) {
    if (offset < next) continue;
    const file = join(folderOf(blobs, ref), String(offset));
    const stored = await onDisk(() => ifThere<Uint8Array | undefined>(blobs, () => readFile(file), undefined));
    if (offset !== next || !stored) throw new ChannelError("hole", `no bytes at ${next}`);
    const chunk = blobs.sealing.unseal(placeOfChunk(ref, offset), stored);
    next += chunk.length;
    yield chunk;
  }
  if (offsets.length === 0) throw new ChannelError("hole", "no bytes at all");
}

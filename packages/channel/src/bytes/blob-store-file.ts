import { randomUUID } from "node:crypto";
import {
  access,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  unlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { checkMarker, codeOf, placeOfBlobs } from "./blob-folder.ts";
import { IDLE_UPLOAD_MS, isRef, SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";
import { slice } from "./slice.ts";
import { ChannelError } from "../channel-error.ts";
import { placeOfChunk } from "../sealing/places.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";

/** A file whose modification time is when the blob expires, by the clock that all processes share. */
const UNTIL = "until";
/** Errors of file systems that have no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);
const CHUNK = /^\d+$/;
/** Names of our files in a blob's folder. With a UUID at the end, the file is not renamed into its place yet. */
const OURS = /^(\d+|until)(\.[\da-f-]{36})?$/;

/**
 * Blobs as folders of chunk files, in a sub-folder of `root` that `prepareBlobFolder` has taken into use. A file is
 * written beside its place and moved into it, so that a reader sees it whole or not at all. Folders whose name is not
 * a ref, symbolic links and files of other names are never deleted.
 *
 * `now` is a clock that all processes share, in ms. Errors of the disk are ChannelErrors `io`; so is a folder that is
 * not there, an unmounted disk for instance.
 */
export function createFileBlobStore(
  root: string,
  now: () => Promise<number>,
  sealing: Sealing = createSealing(),
): BlobStore {
  const place = placeOfBlobs(root);
  const folder = (ref: string): string => {
    if (!isRef(ref)) throw new ChannelError("wrong-answer", "not the name of a blob");
    return join(place, ref);
  };

  /** Writes a file beside its place, and moves it there with `move`. */
  async function put<T>(place: string, bytes: Uint8Array, move: (beside: string) => Promise<T>): Promise<T> {
    const beside = `${place}.${randomUUID()}`;
    try {
      await writeFile(beside, bytes);
      return await move(beside);
    } finally {
      await rm(beside, { force: true }).catch(() => undefined); // otherwise the removal of its blob removes it
    }
  }

  /** Sets when a blob expires; false when there is none. */
  async function keep(ref: string, ms: number): Promise<boolean> {
    const until = new Date((await now()) + ms);
    return ifThere(() => utimes(join(folder(ref), UNTIL), until, until).then(() => true), false);
  }

  /** The result of `step`, or `otherwise` when the file is missing. A missing store is an error. */
  async function ifThere<T>(step: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      await checkMarker(root);
      return otherwise;
    }
  }

  const chunks = async (ref: string): Promise<number[]> =>
    (await ifThere(() => readdir(folder(ref)), [])).filter((name) => CHUNK.test(name)).map(Number);

  /** Deletes a blob's files and folder; false when a file that is not ours keeps the folder. */
  async function drop(ref: string): Promise<boolean> {
    const own = folder(ref);
    const there = await ifThere(() => lstat(own), undefined);
    if (!there?.isDirectory()) return false;
    const entries = (await readdir(own, { withFileTypes: true })).filter((one) => one.isFile() && OURS.test(one.name));
    // The expiry file goes last: the next sweep continues a removal that was interrupted.
    const last = ({ name }: { name: string }): boolean => name === UNTIL;
    for (const some of [entries.filter((one) => !last(one)), entries.filter(last)]) {
      await Promise.all(some.map(({ name }) => unlink(join(own, name)).catch(ignoring("ENOENT"))));
    }
    return rmdir(own).then(() => true, ignoring("ENOENT", "ENOTEMPTY", "EEXIST"));
  }

  /** Blobs without an expiry file, whose writer has just begun or died, by when a sweep first saw them. */
  let undated = new Map<string, number>();

  /** Whether a blob has expired at `time`; a blob without an expiry file was first seen at `since`. */
  async function isOver(ref: string, time: number, since = time): Promise<boolean> {
    const until = await ifThere(() => lstat(join(folder(ref), UNTIL)), undefined);
    if (until) return until.mtimeMs + SWEEP_GRACE_MS < time;
    undated.set(ref, since);
    return since + IDLE_UPLOAD_MS < time;
  }

  async function* readAll(ref: string): AsyncGenerator<Uint8Array> {
    const offsets = (await onDisk(() => chunks(ref))).sort((a, b) => a - b);
    let next = 0;
    for (const offset of offsets) {
      if (offset < next) continue;
      const file = join(folder(ref), String(offset));
      const stored = await onDisk(() => ifThere<Uint8Array | undefined>(() => readFile(file), undefined));
      if (offset !== next || !stored) throw new ChannelError("hole", `no bytes at ${next}`);
      const chunk = sealing.unseal(placeOfChunk(ref, offset), stored);
      next += chunk.length;
      yield chunk;
    }
    if (offsets.length === 0) throw new ChannelError("hole", "no bytes at all");
  }

  return {
    isInOrder: false,
    write: (ref, offset, bytes) =>
      onDisk(async () => {
        await mkdir(folder(ref)).catch(ignoring("EEXIST"));
        const chunk = join(folder(ref), String(offset));
        const sealed = sealing.seal(placeOfChunk(ref, offset), bytes);
        const isNew = await put(chunk, sealed, (beside) => moveIfNew(beside, chunk));
        if (await keep(ref, IDLE_UPLOAD_MS)) return isNew;
        const until = new Date((await now()) + IDLE_UPLOAD_MS);
        await put(join(folder(ref), UNTIL), new Uint8Array(), async (beside) => {
          await utimes(beside, until, until);
          await rename(beside, join(folder(ref), UNTIL));
        });
        return isNew;
      }),
    read: (ref, range) => (range ? slice(readAll(ref), range) : readAll(ref)),
    exists: (ref) => onDisk(async () => (await chunks(ref)).length > 0),
    remove: (ref) => onDisk(async () => void (await drop(ref))),
    renew: (ref, keepMs) => onDisk(() => keep(ref, keepMs)),
    sweep: () =>
      onDisk(async () => {
        await checkMarker(root);
        const time = await now();
        const entries = await readdir(place, { withFileTypes: true });
        const refs = entries.filter((entry) => entry.isDirectory() && isRef(entry.name)).map(({ name }) => name);
        const seen = undated;
        undated = new Map();
        let removed = 0;
        for (const ref of refs) if ((await isOver(ref, time, seen.get(ref))) && (await drop(ref))) removed++;
        return removed;
      }),
  };
}

/** Moves a file unless there is one of that name; false then. */
async function moveIfNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await lstat(to)).isFile()) return false;
    if (!NO_LINKS.has(codeOf(error) ?? "")) throw error;
  }
  // Only here a chunk that is sent twice at the same moment may replace itself.
  const isThere = await access(to).then(() => true, ignoring("ENOENT"));
  if (!isThere) await rename(from, to);
  return !isThere;
}

const ignoring =
  (...codes: string[]) =>
  (error: unknown): false => {
    if (codes.includes(codeOf(error) ?? "")) return false;
    throw error;
  };

async function onDisk<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    // Errors of the file system have `syscall`; any other comes from Redis's clock, or is a bug.
    if (!(error instanceof Error && "syscall" in error && codeOf(error))) throw error;
    throw new ChannelError("io", `the folder of blobs: ${codeOf(error)}`, { cause: error });
  }
}

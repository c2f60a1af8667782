import { access, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newRef } from "./blob-store.ts";
import { ChannelError } from "../redis/store.ts";

/**
 * The sub-folder of the `BLOB_STORE` folder that holds all blobs. Nothing outside of this sub-folder is written or
 * deleted.
 */
const PLACE = "docrelay-blobs";
/**
 * The marker file in the sub-folder. A process does not start with a folder that has files but no marker, and a sweep
 * deletes nothing while the marker is missing.
 */
const MARKER = "OWNED-BY-DOCRELAY";
const MARKER_TEXT = "Blobs of docrelay. They are deleted when they expire.\n";
/**
 * Entries that may be in a folder that docrelay takes into use. A new file system has `lost+found` in its root from the
 * start.
 */
const NOT_FOREIGN = new Set([PLACE, "lost+found"]);
/** Errors of a full disk do not keep a worker from starting, because the worker's sweeper frees space. */
const FULL = new Set(["ENOSPC", "EDQUOT"]);

export const placeOfBlobs = (root: string): string => join(root, PLACE);

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** @throws the file system's own error when the folder is missing, or has no marker of docrelay. */
export const checkMarker = (root: string): Promise<void> => access(join(root, PLACE, MARKER));

/**
 * Makes `root` ready for blobs: takes an empty or missing folder into use, and tries to write. Idempotent; several
 * processes may do it at once.
 * @throws ChannelError `setting`, with a sentence for the operator: the folder holds files of another program, or
 * cannot be written.
 */
export async function prepareBlobFolder(root: string): Promise<void> {
  try {
    await takeIntoUse(root);
    await tryToWrite(root);
  } catch (error) {
    if (error instanceof ChannelError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ChannelError("setting", `BLOB_STORE: blobs cannot be kept in ${root}: ${why}`, { cause: error });
  }
}

async function takeIntoUse(root: string): Promise<void> {
  if (await isOurs(root)) return;
  await mkdir(root, { recursive: true });
  const besides = (await readdir(root)).filter((name) => !NOT_FOREIGN.has(name));
  const [foreign] = [...besides, ...(await readdir(placeOfBlobs(root)).catch(noneIfAbsent))];
  // Race: another process may have taken the folder into use after the first check. Then the files are docrelay's.
  if (foreign !== undefined && !(await isOurs(root))) {
    const found = `${root} is not empty (it holds ${JSON.stringify(foreign)}) and was not taken into use by docrelay`;
    throw new ChannelError("setting", `BLOB_STORE: ${found}: name an empty folder`);
  }
  await mkdir(placeOfBlobs(root), { recursive: true });
  await writeFile(join(root, PLACE, MARKER), MARKER_TEXT);
}

async function tryToWrite(root: string): Promise<void> {
  const probe = join(placeOfBlobs(root), newRef());
  try {
    await mkdir(probe);
    await writeFile(join(probe, "0"), "x");
  } catch (error) {
    if (!FULL.has(codeOf(error) ?? "")) throw error;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

async function isOurs(root: string): Promise<boolean> {
  try {
    await checkMarker(root);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function noneIfAbsent(error: unknown): string[] {
  if (codeOf(error) === "ENOENT") return [];
  throw error;
}

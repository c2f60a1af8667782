import { randomUUID } from "node:crypto";
import { access, link, lstat, rename, rm, writeFile } from "node:fs/promises";
import { ChannelError } from "../channel-error.ts";
import { codeOf } from "./blob-folder.ts";

/** The error codes of file systems without hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Writes a file under a temporary name in the same folder. Then `move` must rename the file to `place`. */
export async function putFile<T>(place: string, bytes: Uint8Array, move: (beside: string) => Promise<T>): Promise<T> {
  const beside = `${place}.${randomUUID()}`;
  try {
    await writeFile(beside, bytes);
    return await move(beside);
  } finally {
    await rm(beside, { force: true }).catch(() => undefined); // if this fails, the temporary file is removed with its blob
  }
}

/** Gives a file the name `to`; returns false if that exists. The name `from` may remain: the caller removes it. */
export async function moveIfNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await lstat(to)).isFile()) return false;
    if (!NO_LINKS.has(codeOf(error) ?? "")) throw error;
  }
  // Without hard links, this check and the rename are two steps. So if two equal chunks arrive at the same moment, the
  // second may replace the first.
  const isThere = await access(to).then(() => true, ignoring("ENOENT"));
  if (!isThere) await rename(from, to);
  return !isThere;
}

/** Makes a function for `catch`: it returns false for errors with these codes, and throws all others. */
export const ignoring =
  (...codes: string[]) =>
  (error: unknown): false => {
    if (codes.includes(codeOf(error) ?? "")) return false;
    throw error;
  };

/** Runs a step that reads or writes files. @throws ChannelError `io` */
export async function onDisk<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    // File system errors have `syscall`. Any other error comes from reading Redis's clock, or is a bug.
    if (!(error instanceof Error && "syscall" in error && codeOf(error))) throw error;
    throw new ChannelError("io", `the folder of blobs: ${codeOf(error)}`, { cause: error });
  }
}

import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { IDLE_UPLOAD_MS, type BlobStore } from "./blob-store.ts";
import { ChannelError } from "../redis/store.ts";

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/**
 * Blobs as folders of chunk files in a shared folder. A chunk is written beside its place and renamed into it, so that
 * a reader sees it whole or not at all. A folder's modification time is when it may go.
 */
export function createFileBlobStore(root: string): BlobStore {
  const folder = (ref: string): string => join(root, ref);
  const keep = (ref: string, ms: number): Promise<void> => {
    const until = new Date(Date.now() + ms);
    return utimes(folder(ref), until, until);
  };
  const chunks = async (ref: string): Promise<number[]> => {
    const names = await readdir(folder(ref)).catch((error: unknown) => {
      if (isNotFound(error)) return [];
      throw error;
    });
    return names.filter((name) => /^\d+$/.test(name)).map(Number);
  };

  return {
    async write(ref, offset, bytes) {
      await mkdir(folder(ref), { recursive: true });
      const place = join(folder(ref), String(offset));
      const beside = `${place}.${process.pid}.${Math.random().toString(36).slice(2)}`;
      await writeFile(beside, bytes);
      await rename(beside, place);
      await keep(ref, IDLE_UPLOAD_MS);
    },
    async *read(ref) {
      const offsets = (await chunks(ref)).sort((a, b) => a - b);
      let next = 0;
      for (const offset of offsets) {
        if (offset !== next) throw new ChannelError("hole", `no bytes at ${next}`);
        const chunk = await readFile(join(folder(ref), String(offset)));
        next += chunk.length;
        yield chunk;
      }
      if (offsets.length === 0) throw new ChannelError("hole", "no bytes at all");
    },
    async exists(ref) {
      return (await chunks(ref)).length > 0;
    },
    async remove(ref) {
      await rm(folder(ref), { recursive: true, force: true });
    },
    async renew(ref, keepMs) {
      await keep(ref, keepMs).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    },
    async sweep() {
      let removed = 0;
      for (const ref of await readdir(root).catch(() => [])) {
        const age = await stat(folder(ref)).catch(() => undefined);
        if (!age?.isDirectory() || age.mtimeMs > Date.now()) continue;
        await rm(folder(ref), { recursive: true, force: true });
        removed++;
      }
      return removed;
    },
  };
}

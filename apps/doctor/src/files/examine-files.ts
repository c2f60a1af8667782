import { ChannelError, createBlobStore, newRef, prepareBlobStore } from "@docrelay/channel";
import { connectRedis, inspectRedis } from "@docrelay/platform";
import type { Config } from "@docrelay/worker/config";
import type { Finding, PartReport } from "../part.ts";

const WAIT_MS = 5000;
const BYTES = Buffer.alloc(65_536, "docrelay ");

/**
 * Writes some bytes to the blob store, reads them back and removes them. Without Redis, whose clock decides when files
 * of a folder expire, the store is only opened.
 */
export async function examineFiles(
  { BLOB_STORE, redis: server, RETENTION_MS, ASK_DEADLINE_MS }: Config,
  hasRedis: boolean,
): Promise<PartReport> {
  const redis = connectRedis({ server, purpose: "command", name: "docrelay-doctor", onError: () => undefined });
  try {
    await prepareBlobStore(BLOB_STORE);
    if (!hasRedis) return reportOf(BLOB_STORE, [{ level: "note", about: "bytes", text: "not tried without a Redis" }]);
    await inspectRedis(redis, WAIT_MS);
    const blobs = createBlobStore(BLOB_STORE, { redis, retentionMs: RETENTION_MS, askDeadlineMs: ASK_DEADLINE_MS });
    const ref = newRef();
    const began = performance.now();
    const parts: Uint8Array[] = [];
    try {
      await blobs.write(ref, 0, BYTES);
      for await (const part of blobs.read(ref)) parts.push(part);
    } finally {
      await blobs.remove(ref);
    }
    const ms = Math.round(performance.now() - began);
    const isSame = BYTES.equals(Buffer.concat(parts));
    return reportOf(BLOB_STORE, [
      isSame
        ? { level: "ok", about: "bytes", text: `64 KiB were written, read and removed in ${ms} ms` }
        : { level: "problem", about: "bytes", text: "what is read is not what was written" },
    ]);
  } catch (error) {
    const text = error instanceof ChannelError ? error.message : failureOf(error, BLOB_STORE);
    return reportOf(BLOB_STORE, [{ level: "problem", about: "bytes", text }]);
  } finally {
    redis.disconnect();
  }
}

function failureOf(error: unknown, spec: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (spec.startsWith("file:"))
    return `${spec} cannot be used (${code ?? message}): it must be a folder of a shared disk that this user may write`;
  return `Redis does not keep them: ${message}`;
}

function reportOf(address: string, findings: readonly Finding[]): PartReport {
  return { part: "files", address, findings, settings: {}, facts: {} };
}

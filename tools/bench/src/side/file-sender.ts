import { CHUNKS_IN_FLIGHT } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ack, RelaySocket } from "../talkers/relay-socket.ts";

const CALL_MS = 20_000;
const TRIES = 60;

export interface SentFile {
  readonly upload: string;
  /** How often the deployment temporarily refused the start of the upload or a chunk, so that it was sent again. */
  readonly busy: number;
}

/**
 * Uploads a file over a connection, with at most four chunks in flight; a chunk that gets a retryable refusal is sent
 * again.
 * @throws Error with the code of a refusal that is not retryable.
 */
export async function sendFile(
  socket: RelaySocket,
  name: string,
  bytes: Uint8Array,
  onChunk: (bytes: number) => void,
): Promise<SentFile> {
  const upload = randomUUID();
  let busy = 0;

  async function retry(event: string, payload: object, chunk?: Uint8Array): Promise<Ack> {
    for (let tries = 0; ; tries++) {
      const ack = await socket.call(event, payload, CALL_MS, chunk);
      const { error } = ack;
      if (ack.ok || !error?.retryable || tries >= TRIES) {
        if (!ack.ok) throw new Error(error?.code ?? "refused");
        return ack;
      }
      busy++;
      await sleep(error.retryAfterMs ?? 250);
    }
  }

  const begun = await retry("upload:start", { upload, name, type: "application/pdf", size: bytes.length });
  const chunkBytes = Number(begun["chunkBytes"]);
  let next = 0;
  let done = false;
  // If a chunk is refused, the later ones are refused too, because bytes before them are missing: then all chunks are
  // sent again from the refused one on.
  let from: number | undefined;
  const lane = async (): Promise<void> => {
    while (next < bytes.length && from === undefined) {
      const offset = next;
      next += chunkBytes;
      const chunk = bytes.subarray(offset, offset + chunkBytes);
      const ack = await socket.call("upload:chunk", { upload, offset }, CALL_MS, chunk);
      if (ack.ok) {
        done ||= ack["done"] === true;
        onChunk(chunk.length);
      } else if (ack.error?.retryable || ack.error?.reason === "offset") from = Math.min(from ?? offset, offset);
      else throw new Error(ack.error?.code ?? "refused");
    }
  };
  for (let tries = 0; !done; tries++) {
    if (tries > TRIES) throw new Error("BUSY");
    await Promise.all(Array.from({ length: CHUNKS_IN_FLIGHT }, lane));
    if (from === undefined) break;
    busy++;
    next = from;
    from = undefined;
    await sleep(100);
  }
  if (!done) throw new Error("not whole");
  return { upload, busy };
}

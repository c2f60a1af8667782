import type { Ack } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";

/** Uploads files, the chunks of each one after the other. Like customer.ts, this client shares no code with the SDK. */
export interface Uploads {
  /**
   * Sends a file as one upload. Whenever a chunk is refused, asks the server for the offset and continues there.
   * `stored` is called with each new offset. @throws Error at a refusal that is not temporary, or after two minutes
   */
  send(bytes: Uint8Array, stored?: (offset: number) => void): Promise<Sent>;
  close(): void;
}

export interface Sent {
  readonly upload: string;
  readonly ms: number;
  readonly chunks: number;
  /** How often each error code was the reply to a call; `no answer` counts the calls without a reply. */
  readonly refusals: ReadonlyMap<string, number>;
}

/** How long to wait for a reply, in ms. The protocol allows an edge to reply after 10 s. */
const ACK_MS = 15_000;
const SEND_MS = 120_000;
const AGAIN_MS = 200;

export function openUploads(url: string, token: string): Uploads {
  const socket = io(url, { transports: ["websocket"], auth: { token, protocol: 1 }, forceNew: true });
  return {
    async send(bytes, stored = () => undefined) {
      if (!socket.connected) await once(socket as never, "connect");
      const upload = randomUUID();
      const refusals = new Map<string, number>();
      const began = performance.now();
      const counts = { chunks: 0 };
      while (!(await sendFrom({ socket, upload, bytes, stored, refusals, counts }))) {
        if (performance.now() - began > SEND_MS) throw new Error(`the upload did not end within ${SEND_MS} ms`);
      }
      return { upload, ms: performance.now() - began, chunks: counts.chunks, refusals };
    },
    close: () => void socket.disconnect(),
  };
}

interface Sending {
  readonly socket: Socket;
  readonly upload: string;
  readonly bytes: Uint8Array;
  readonly stored: (offset: number) => void;
  readonly refusals: Map<string, number>;
  readonly counts: { chunks: number };
}

/**
 * Sends chunks from the server's offset on. If a chunk is refused, waits for as long as the refusal demands, and
 * returns false.
 */
async function sendFrom({ socket, upload, bytes, stored, refusals, counts }: Sending): Promise<boolean> {
  const call = async <T extends object>(name: string, payload: object): Promise<(T & { ok: true }) | undefined> => {
    const answer = (await socket
      .timeout(ACK_MS)
      .emitWithAck(name, payload)
      .catch(() => undefined)) as Ack<T> | undefined;
    if (answer?.ok) return answer;
    if (answer && !answer.error.retryable)
      throw new Error(`${name}: ${answer.error.code} ${answer.error.reason ?? ""}`);
    const code = answer?.error.code ?? "no answer";
    refusals.set(code, (refusals.get(code) ?? 0) + 1);
    await sleep(answer?.error.retryAfterMs ?? AGAIN_MS);
    return undefined;
  };
  const begin = { upload, name: "large.pdf", type: "application/pdf", size: bytes.length };
  const begun = await call<{ offset: number; chunkBytes: number }>("upload:start", begin);
  if (!begun) return false;
  for (let { offset } = begun; offset < bytes.length;) {
    const chunk = Buffer.from(bytes.subarray(offset, offset + begun.chunkBytes));
    counts.chunks++;
    const answer = await call<{ offset: number }>("upload:chunk", { upload, offset, bytes: chunk });
    if (!answer) return false;
    ({ offset } = answer);
    stored(offset);
  }
  return true;
}

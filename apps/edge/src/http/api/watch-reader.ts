import { refuse } from "@docrelay/protocol";
import { PassThrough, Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ApiCall } from "./call.ts";

/** How often the progress of a long response is checked. */
export const LOOK_MS = 15_000;

/**
 * Ends a call as a slow consumer when sent bytes wait for its client, and the client has read none between two checks.
 * `onIdle` is called at each check at which no sent bytes wait.
 */
export function watchReader(call: ApiCall, onIdle: () => void = () => undefined): void {
  const { response } = call;
  let read = -1;
  const timer = setInterval(() => {
    const waiting = response.writableLength;
    const now = (response.socket?.bytesWritten ?? 0) - waiting;
    if (waiting === 0) onIdle();
    else if (now === read) call.end(refuse("SLOW_CONSUMER", { retryAfterMs: 0 }));
    read = now;
  }, LOOK_MS);
  timer.unref();
  response.once("close", () => clearInterval(timer));
}

/** The longest time of one response, in ms: a client that reads very slowly must not keep its connection for ever. */
const MAX_MS = 1_800_000;

/**
 * Sends `parts` as the body of a response, as fast as its client reads, and closes the response at an error. `through`
 * transforms the bytes on their way. @throws errors of `parts`, AbortError
 */
export async function sendStream(
  call: ApiCall,
  parts: AsyncIterable<Uint8Array>,
  through: Transform = new PassThrough(),
): Promise<void> {
  const { response, signal } = call;
  watchReader(call);
  const late = setTimeout(() => call.end(refuse("SLOW_CONSUMER", { retryAfterMs: 0 })), MAX_MS);
  try {
    await pipeline(Readable.from(parts), through, response, { signal });
  } finally {
    clearTimeout(late);
  }
}

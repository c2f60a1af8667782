import { refuse } from "@docrelay/protocol";
import { PassThrough, Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ApiCall } from "./call.ts";

/** How often a response that lasts is looked at. */
export const LOOK_MS = 15_000;

/** Ends a call as a slow consumer when its client has read nothing between two looks. `onIdle`: nothing waits for it. */
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

/** A client that reads a little now and then must not hold a place for ever. */
const MAX_MS = 1_800_000;

/** Sends the rest of a response as fast as its client reads, and closes it at an error. @throws errors of `parts`, AbortError */
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

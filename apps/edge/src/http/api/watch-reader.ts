import { refuse } from "@docrelay/protocol";
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

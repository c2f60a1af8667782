import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { takeToken, type Bucket } from "../limits/rate-limit.ts";

/** A large frame keeps pongs waiting behind it: these bytes in a period are a sign of life too, a byte now and then is not. */
const ALIVE_BYTES = 4096;
const PING_RATE = { perSecond: 5, burst: 100 };

/**
 * Pings a socket and notices when nothing comes back; answers its pings, and notices when they are too many (the library's
 * own answering drops such a socket without a word, so it is off). `isHeld`: reading is held back on
 * our side, so that silence says nothing. The returned function ends it.
 */
export function watchLiveness(
  ws: WebSocket,
  socket: Pick<Socket, "bytesRead">,
  on: { isHeld(): boolean; silent(): void; flooded(): void },
  intervalMs: number,
): () => void {
  let heard = true;
  let bytes = socket.bytesRead;
  let bucket: Bucket | undefined;
  ws.on("pong", () => (heard = true));
  ws.on("ping", (data) => {
    const taken = takeToken(bucket, PING_RATE, performance.now());
    bucket = taken.bucket;
    if (!taken.allowed) on.flooded();
    else if (ws.readyState === ws.OPEN) ws.pong(data, false, () => undefined);
  });
  const timer = setInterval(() => {
    const read = socket.bytesRead;
    const alive = heard || on.isHeld() || read - bytes >= ALIVE_BYTES;
    if (!alive) return on.silent();
    heard = false;
    bytes = read;
    if (ws.readyState === ws.OPEN) ws.ping(undefined, false, () => undefined);
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

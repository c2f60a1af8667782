import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { takeToken, type Bucket } from "../limits/rate-limit.ts";

/**
 * A client that has sent this many bytes since the last ping counts as alive even without a pong: pongs wait behind a
 * large frame that is still being sent.
 */
const ALIVE_BYTES = 4096;
const PING_RATE = { perSecond: 5, burst: 100 };

/**
 * Pings a socket every `intervalMs`, and calls `silent` when neither a pong nor enough bytes have come since the last
 * ping. While `isHeld` is true, this process itself has paused the socket, so silence does not count. Also answers the
 * client's pings, and calls `flooded` when there are too many pings and pongs. The library `ws` does not answer pings here, because it
 * would close a flooding socket without a reason. The returned function ends the watch.
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
  const isAllowed = (): boolean => {
    const taken = takeToken(bucket, PING_RATE, performance.now());
    bucket = taken.bucket;
    if (!taken.allowed) on.flooded();
    return taken.allowed;
  };
  ws.on("pong", () => (heard = isAllowed()));
  ws.on("ping", (data) => {
    if (isAllowed() && ws.readyState === ws.OPEN) ws.pong(data, false, () => undefined);
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

import type { Socket } from "node:net";

/** How a proxy treats the bytes on its connections now. */
export interface Conditions {
  readonly mute: "none" | "both" | "up" | "down";
  readonly delayMs: number;
  /** How many bytes per second one direction of a connection passes on at most; 0: any number. */
  readonly bytesPerSecond: number;
  /** The most bytes that are passed on at a time; 0: as many as arrive at a time. */
  readonly sliceBytes: number;
}

/** How many bytes one direction of a connection buffers; while it has more, nothing is read from the sender. */
const MAX_HELD = 262_144;

/**
 * One direction of a proxied connection. It is a queue, so bytes leave in the order in which they arrived, even when
 * the conditions change.
 */
export function createPipe(
  from: Socket,
  into: Socket,
  direction: "up" | "down",
  conditions: Conditions,
): { pump(): void } {
  const queue: Array<{ data: Buffer; dueAt: number }> = [];
  let held = 0;
  let timer: NodeJS.Timeout | undefined;
  let blocked = false;
  let freeAt = 0;

  from.on("data", (data: Buffer) => {
    queue.push({ data, dueAt: performance.now() + conditions.delayMs });
    held += data.length;
    if (held > MAX_HELD) from.pause();
    pump();
  });
  into.on("drain", () => {
    blocked = false;
    pump();
  });
  for (const socket of [from, into]) {
    socket.on("close", () => {
      clearTimeout(timer);
      queue.length = 0;
    });
  }

  function pump(): void {
    clearTimeout(timer);
    while (!blocked && !into.destroyed) {
      if (conditions.mute === "both" || conditions.mute === direction) return;
      const head = queue[0];
      if (!head) break;
      const now = performance.now();
      const waitMs = Math.max(conditions.delayMs > 0 ? head.dueAt - now : 0, freeAt - now);
      if (waitMs > 0) {
        timer = setTimeout(pump, waitMs);
        return;
      }
      const { bytesPerSecond, sliceBytes } = conditions;
      // With a limited bandwidth, at most the bytes for a twentieth of a second are passed on at a time.
      const most = Math.min(sliceBytes || Infinity, bytesPerSecond ? Math.ceil(bytesPerSecond / 20) : Infinity);
      const piece = head.data.subarray(0, most);
      if (piece.length === head.data.length) queue.shift();
      else head.data = head.data.subarray(piece.length);
      held -= piece.length;
      if (bytesPerSecond > 0) freeAt = now + (piece.length / bytesPerSecond) * 1000;
      blocked = !into.write(piece);
    }
    if (held <= MAX_HELD / 2 && from.isPaused()) from.resume();
  }
  return { pump };
}

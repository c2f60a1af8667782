import type { WebSocket } from "ws";
import { holdReading } from "../limits/pace.ts";

/** Handles the frames of one socket one after the other. */
export interface FrameInbox {
  /** Drops the waiting frames and all later ones. */
  close(): void;
}

/**
 * Calls `handle` with the frames of a socket in order, each when the one before is done. While a frame is handled the
 * socket is paused, so that later bytes stay in the network and use no memory here. `handle` must not reject.
 */
export function createFrameInbox(
  ws: WebSocket,
  handle: (data: Buffer, isBinary: boolean) => Promise<void>,
): FrameInbox {
  const frames: Array<{ readonly data: Buffer; readonly isBinary: boolean }> = [];
  let busy = false;
  let closed = false;

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    const release = holdReading(ws);
    for (let frame = frames.shift(); frame; frame = frames.shift()) await handle(frame.data, frame.isBinary);
    busy = false;
    release();
  }

  ws.on("message", (data, isBinary) => {
    if (closed) return;
    frames.push({ data: data as Buffer, isBinary });
    void work();
  });
  return {
    close() {
      closed = true;
      frames.length = 0;
    },
  };
}

import type { WebSocket } from "ws";

/** The frames of one socket, handled one after the other. */
export interface FrameInbox {
  /** A frame is being handled and the socket is paused: pongs are not received meanwhile. */
  readonly busy: boolean;
  /** Drops the waiting frames and all later ones. */
  close(): void;
}

/**
 * Passes frames to `handle` in their order, each when the one before is done. Meanwhile the socket is paused, so that
 * later bytes stay in the network and use no memory here. `handle` must not reject.
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
    ws.pause();
    for (let frame = frames.shift(); frame; frame = frames.shift()) await handle(frame.data, frame.isBinary);
    busy = false;
    ws.resume();
  }

  ws.on("message", (data, isBinary) => {
    if (closed) return;
    frames.push({ data: data as Buffer, isBinary });
    void work();
  });
  return {
    get busy() {
      return busy;
    },
    close() {
      closed = true;
      frames.length = 0;
    },
  };
}

import type { Server } from "socket.io";

/** What waits in the network stack for Socket.IO clients to read it: asked for by a scrape, not kept. */
export function readSocketBuffers(io: Server): { bufferedBytes: number; largestBuffer: number } {
  let bufferedBytes = 0;
  let largestBuffer = 0;
  for (const { conn } of io.of("/").sockets.values()) {
    const { writableLength } = conn.request.socket;
    bufferedBytes += writableLength;
    if (writableLength > largestBuffer) largestBuffer = writableLength;
  }
  return { bufferedBytes, largestBuffer };
}

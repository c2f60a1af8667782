import type { Server } from "socket.io";

/** Unread bytes of Socket.IO clients in this process's socket buffers; computed at each scrape, not kept. */
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

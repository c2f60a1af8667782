import type { Server } from "socket.io";

/**
 * Returns how many bytes wait in this process for Socket.IO clients to read them: the sum, and the most of one client.
 */
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

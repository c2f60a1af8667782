import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/**
 * An engine like that of the original system: it replies to one frame with one frame. `got` has the frames that it
 * received, byte for byte.
 */
export interface OriginalEngine extends AsyncDisposable {
  readonly url: string;
  readonly got: string[];
}

export async function startOriginalEngine(): Promise<OriginalEngine> {
  const got: string[] = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      got.push(data.toString());
      const { unique_id } = JSON.parse(data.toString()) as { unique_id: string };
      socket.send(JSON.stringify({ response: `answer ${got.length}`, model: "original", unique_id }));
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

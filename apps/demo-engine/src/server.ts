import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Config } from "./config.ts";
import { Attempts, serve } from "./session.ts";

export interface DemoEngine extends AsyncDisposable {
  readonly port: number;
}

const MAX_PAYLOAD = 128 * 1024 * 1024;
const MAX_CONNECTIONS = 5000;

/** Starts the engine; `onError` is called with errors of single connections. */
export async function startDemoEngine(config: Config, onError: (error: unknown) => void): Promise<DemoEngine> {
  const http = createServer((request, response) => {
    const ok = request.url === "/healthz";
    response.writeHead(ok ? 200 : 404, { "content-type": "text/plain" }).end(ok ? "alive\n" : "a WebSocket engine\n");
  });
  http.maxConnections = MAX_CONNECTIONS;
  const sockets = new WebSocketServer({ server: http, maxPayload: MAX_PAYLOAD, perMessageDeflate: false });
  const attempts = new Attempts();
  sockets.on("connection", (socket) => {
    const gone = new AbortController();
    socket.on("close", () => gone.abort());
    socket.on("error", onError);
    socket.on("message", (data: Buffer, binary) => {
      if (binary) return socket.close(1003);
      serve(socket, data.toString(), { config, attempts, signal: gone.signal }).catch((error: unknown) => {
        if (!gone.signal.aborted) onError(error);
      });
    });
  });
  http.listen(config.PORT, config.HOST);
  await once(http, "listening");
  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      const closed = once(http, "close");
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}

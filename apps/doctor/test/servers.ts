import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

export interface TestServer extends AsyncDisposable {
  /** The server's address without a scheme, such as `127.0.0.1:7800`. */
  readonly host: string;
}

/**
 * Starts a WebSocket server. If `status` returns a status for a path, the server refuses this path with it; `reply`
 * answers a prompt.
 */
export async function startSockets(
  of: {
    reply?: (socket: WebSocket, ask: { message: string; unique_id: string }) => unknown;
    status?: (path: string) => number | undefined;
    maxPayload?: number;
    autoPong?: boolean;
    onHeaders?: (headers: IncomingHttpHeaders) => void;
    tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<TestServer> {
  const server = of.tls ? createTlsServer(of.tls) : createServer();
  server.on("tlsClientError", () => undefined);
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: of.autoPong ?? true,
    ...(of.maxPayload ? { maxPayload: of.maxPayload } : {}),
  });
  server.on("upgrade", (request, tcp, head) => {
    tcp.on("error", () => undefined);
    of.onHeaders?.(request.headers);
    const status = of.status?.(request.url ?? "");
    if (status !== undefined)
      return void tcp.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, tcp, head, (socket) => {
      socket.on("error", () => undefined);
      socket.on("message", (data: Buffer) =>
        of.reply?.(socket, JSON.parse(data.toString()) as { message: string; unique_id: string }),
      );
    });
  });
  return listening(server, () => {
    for (const socket of sockets.clients) socket.terminate();
  });
}

/** Starts a server with the Chat Completions API, which streams two pieces, or answers every request with `status`. */
export async function startChat(status?: number, maxBytes = Infinity): Promise<TestServer> {
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => void (bytes += chunk.length));
    request.on("end", () => {
      if (bytes > maxBytes)
        return void response.writeHead(400).end('{"error":{"code":"context_length_exceeded","message":"too long"}}');
      if (status !== undefined) return void response.writeHead(status).end('{"error":{"message":"no such key"}}');
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const content of ["All ", "well."])
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
      response.end("data: [DONE]\n\n");
    });
  });
  return listening(server, () => undefined);
}

async function listening(server: Server, end: () => void): Promise<TestServer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      end();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Ask = { unique_id: string };
export function stream(socket: WebSocket, { unique_id }: Ask): void {
  for (const delta of ["All ", "is ", "well."]) socket.send(JSON.stringify({ type: "delta", delta, unique_id }));
  socket.send(JSON.stringify({ type: "end", unique_id }));
}

export function single(socket: WebSocket, { unique_id }: Ask): void {
  socket.send(JSON.stringify({ message: "All is well.", unique_id }));
}

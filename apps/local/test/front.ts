import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A minimal reverse proxy in front of edges. */
export interface Front extends AsyncDisposable {
  readonly port: number;
  /** The paths of all requests, as clients sent them. */
  readonly paths: readonly string[];
}

/**
 * Returns the port and the path to which a request for `path` is passed on; undefined if the proxy itself responds with
 * 404.
 */
export type Route = (path: string) => { readonly port: number; readonly path: string } | undefined;

export async function startFront(route: Route): Promise<Front> {
  const paths: string[] = [];
  const sockets = new Set<Socket>();
  const find = ({ url = "/" }: IncomingMessage): ReturnType<Route> => {
    paths.push(url);
    return route(url);
  };
  const server: Server = createServer((incoming, response) => {
    const to = find(incoming);
    if (!to) return void response.writeHead(404).end();
    const { method, headers } = incoming;
    const sent = request({ ...to, host: "127.0.0.1", method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    sent.on("error", () => response.destroy());
    incoming.pipe(sent);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const to = find(incoming);
    if (!to) return socket.destroy();
    const upstream = connect(to.port, "127.0.0.1");
    const lines = [`GET ${to.path} HTTP/1.1`];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2)
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    paths,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

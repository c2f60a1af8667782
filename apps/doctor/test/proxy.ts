import { once } from "node:events";
import { createServer, request as overHttp, type IncomingMessage, type RequestOptions } from "node:http";
import type { AddressInfo } from "node:net";

/** How a proxy in front of the edges behaves. */
export interface ProxyHabits {
  /** The ports of the edges. Each request goes to the next port, and after the last port to the first one again. */
  readonly to: readonly number[];
  /** The proxy's own address, as edges see it. */
  readonly from?: string;
  readonly upgrades?: boolean;
  /**
   * What the proxy does to `X-Forwarded-For`. `append`: adds the client's address, which is right; `pass`: passes on
   * what the client has sent; `none`: removes it.
   */
  readonly forwarded?: "append" | "pass" | "none";
  readonly host?: string;
  /** The prefix that the proxy removes from the path. */
  readonly prefix?: string;
}

/** Starts a proxy between the doctor and edges. */
export async function startHttpProxy(
  habits: ProxyHabits,
): Promise<{ url: URL; [Symbol.asyncDispose](): Promise<void> }> {
  const { to, from = "127.0.0.1", upgrades = true, forwarded = "append", host, prefix = "" } = habits;
  let turn = 0;
  const onward = ({ method, url = "/", headers, socket }: IncomingMessage): RequestOptions => {
    const { "x-forwarded-for": given, ...rest } = headers;
    const chain = [
      ...(given === undefined ? [] : [String(given)]),
      ...(forwarded === "append" ? [String(socket.remoteAddress)] : []),
    ];
    return {
      port: to[turn++ % to.length] ?? 0,
      host: "127.0.0.1",
      localAddress: from,
      agent: false,
      method: method ?? "GET",
      path: url.startsWith(prefix) ? url.slice(prefix.length) : url,
      headers: {
        ...rest,
        ...(host === undefined ? {} : { host }),
        ...(forwarded === "none" || chain.length === 0 ? {} : { "x-forwarded-for": chain.join(", ") }),
      },
    };
  };
  const server = createServer((incoming, outgoing) => {
    // A proxy drops `Upgrade` and `Connection`, which are meant for one connection only, unless it was told to pass
    // them on.
    delete incoming.headers.upgrade;
    delete incoming.headers.connection;
    const request = overHttp(onward(incoming), (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    request.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(request);
  });
  if (upgrades)
    server.on("upgrade", (incoming, socket, head) => {
      const request = overHttp(onward(incoming));
      socket.on("error", () => request.destroy());
      request.on("error", () => socket.destroy());
      request.on("response", ({ statusCode }) =>
        socket.end(`HTTP/1.1 ${statusCode} Refused\r\ncontent-length: 0\r\n\r\n`),
      );
      request.on("upgrade", (response, inner, first) => {
        const { upgrade, connection, "sec-websocket-accept": accept } = response.headers;
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nupgrade: ${upgrade}\r\nconnection: ${connection}\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
        );
        socket.write(first);
        inner.on("error", () => socket.destroy());
        inner.write(head);
        inner.pipe(socket).pipe(inner);
      });
      request.end();
    });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

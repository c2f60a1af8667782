import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { io as connect, type Socket as ClientSocket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { releaseHandshake } from "./release-handshake.ts";

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function pair(transport: "websocket" | "polling"): Promise<{ client: ClientSocket; socket: Socket }> {
  const http = createServer().listen(0, "127.0.0.1");
  await once(http, "listening");
  const server = new Server(http);
  open.push(() => server.close());
  const connected = once(server, "connection") as Promise<[Socket]>;
  const { port } = http.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`, {
    transports: [transport],
    auth: { token: "secret" },
    forceNew: true,
  });
  open.push(() => client.close());
  const [socket] = await connected;
  return { client, socket };
}

describe("a lightened connection", () => {
  it("has let go of its token, headers and request, and kept its network socket", async () => {
    const { socket } = await pair("websocket");
    const { request } = socket.conn;
    const wire = request.socket;
    expect(socket.handshake.auth).toEqual({ token: "secret" });
    releaseHandshake(socket);
    const { auth, headers, query } = socket.handshake;
    expect({ auth, headers, query }).toEqual({ auth: {}, headers: {}, query: {} });
    expect(Object.keys(socket.conn.request)).toEqual(["socket", "headers"]);
    expect(socket.request).not.toBe(request);
    expect(socket.conn.request.socket).toBe(wire);
  });

  it.each(["websocket", "polling"] as const)("goes on both ways, and ends, over %s", async (transport) => {
    const { client, socket } = await pair(transport);
    releaseHandshake(socket);
    socket.on("echo", (text: string, answer: (text: string) => void) => answer(text));
    expect(await client.emitWithAck("echo", "hello")).toBe("hello");
    const heard = once(client as never, "news");
    socket.emit("news", "from the server");
    expect(await heard).toEqual(["from the server"]);
    const gone = once(socket as never, "disconnect");
    client.close();
    await gone;
  });
});

import { eventually } from "@docrelay/testkit";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { boundSockets } from "./bound-sockets.ts";

const server = createServer();
let networkOf: (socket: Socket) => string | undefined = () => "a";
let refused = 0;
boundSockets(server, { most: 2, networkOf: (socket) => networkOf(socket), onRefused: () => void refused++ });
server.on("connection", (socket) => {
  socket.on("error", () => undefined);
  if (!socket.destroyed) socket.write("in");
});
afterEach(() => void (networkOf = () => "a"));

/** Opens a connection; resolves with it when the server has greeted it, and with undefined when the server has closed it. */
async function open(): Promise<Socket | undefined> {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => undefined);
  const isGreeted = await Promise.race([
    once(socket, "data").then(() => true),
    once(socket, "close").then(() => false),
  ]);
  return isGreeted ? socket : undefined;
}

it("closes the connections of a network above its bound, and lets new ones in when others have ended", async () => {
  const sockets = [await open(), await open()];
  expect(sockets).not.toContain(undefined);
  expect(refused).toBe(0);
  expect(await open()).toBeUndefined();
  expect(refused).toBe(1);
  networkOf = () => "b";
  const other = await open();
  expect(other).toBeDefined();
  networkOf = () => "a";
  sockets[0]?.destroy();
  const next = await eventually(open);
  expect(await open()).toBeUndefined();
  for (const socket of [...sockets, other, next]) socket?.destroy();
});

it("does not count the connections of trusted proxies", async () => {
  networkOf = () => undefined;
  const sockets = await Promise.all([open(), open(), open(), open()]);
  expect(sockets).not.toContain(undefined);
  for (const socket of sockets) socket?.destroy();
});

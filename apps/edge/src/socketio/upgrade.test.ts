import { Server as EngineServer } from "engine.io";
import { once } from "node:events";
import { createServer, IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { queryObjects } from "node:v8";
import { Server, type Socket } from "socket.io";
import { io as connect } from "socket.io-client";
import { afterEach, expect, it } from "vitest";
import { releaseHandshake } from "./release-handshake.ts";
import { upgradeTo } from "./upgrade.ts";

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Opens connections, and counts the requests that are still in memory after a garbage collection. */
async function requestsKept(upgrade: (engine: EngineServer) => EngineServer["handleUpgrade"]): Promise<number> {
  class Request extends IncomingMessage {}
  const engine = new EngineServer({ transports: ["websocket"] });
  const http = createServer({ IncomingMessage: Request }).on("upgrade", upgrade(engine)).listen(0, "127.0.0.1");
  await once(http, "listening");
  const server = new Server().bind(engine);
  open.push(
    () => http.close(),
    () => server.close(),
  );
  const { port } = http.address() as AddressInfo;
  for (let n = 0; n < 3; n++) {
    const connected = once(server, "connection") as Promise<[Socket]>;
    const client = connect(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
    open.push(() => client.close());
    const [socket] = await connected;
    releaseHandshake(socket);
    socket.on("echo", (text: string, answer: (text: string) => void) => answer(text));
    expect(await client.emitWithAck("echo", "hello")).toBe("hello");
  }
  return queryObjects(Request, { format: "count" });
}

it("a connection keeps no request in memory", async () => {
  expect(await requestsKept(upgradeTo)).toBe(0);
});

it("the library by itself would keep it", async () => {
  expect(
    await requestsKept(
      (engine) =>
        (...handshake) =>
          engine.handleUpgrade(...handshake),
    ),
  ).toBe(3);
});

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { startProxy, type Proxy } from "./proxy.ts";

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Starts a server that records the bytes it receives, a proxy in front of it, and a client of the proxy. */
async function line(): Promise<{ proxy: Proxy; client: Socket; server: Socket; heard: () => string }> {
  let heard = "";
  const listening = createServer().listen(0, "127.0.0.1");
  await once(listening, "listening");
  open.push(() => listening.close());
  const proxy = await startProxy({ port: (listening.address() as AddressInfo).port });
  open.push(() => proxy[Symbol.asyncDispose]());
  const coming = once(listening, "connection") as Promise<[Socket]>;
  const client = connect(proxy.port, "127.0.0.1");
  client.on("error", () => undefined);
  open.push(() => client.destroy());
  const [server] = await coming;
  server.on("error", () => undefined);
  server.on("data", (data: Buffer) => (heard += data.toString()));
  return { proxy, client, server, heard: () => heard };
}

describe("a faulty proxy", () => {
  it("keeps bytes in order when its latency falls while they are on the way", async () => {
    const { proxy, client, heard } = await line();
    proxy.latency(100);
    client.write("first ");
    // After some turns of the event loop, the proxy has read the bytes and holds them.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    proxy.latency(1);
    client.write("second");
    await eventually(() => heard() === "first second");
  });

  it("passes everything on in slices and over a narrow line", async () => {
    const { proxy, client, heard } = await line();
    proxy.slice(7);
    proxy.bandwidth(20_000);
    const text = Array.from({ length: 500 }, (_, index) => `${index},`).join("");
    client.write(text);
    await eventually(() => heard() === text);
  });

  it("holds one direction only, and lets go of it when healed", async () => {
    const { proxy, client, server, heard } = await line();
    let back = "";
    client.on("data", (data: Buffer) => (back += data.toString()));
    proxy.blackhole("up");
    client.write("up");
    server.write("down");
    await eventually(() => back === "down");
    expect(heard()).toBe("");
    proxy.heal();
    await eventually(() => heard() === "up");
  });

  it("ends connections with a reset, and refuses new ones while cut", async () => {
    const { proxy, client } = await line();
    const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.on("close", () => resolve()));
    const reset = closed(client);
    proxy.cut();
    await reset;
    const again = connect(proxy.port, "127.0.0.1");
    open.push(() => again.destroy());
    again.on("error", () => undefined);
    await closed(again);
    expect(proxy.connections).toBe(0);
  });
});

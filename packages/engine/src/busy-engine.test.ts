import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { eventually } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { askAll, engineAt, startScriptedEngine, textOf, type Call } from "../test/scripted-engine.ts";

interface Gate extends AsyncDisposable {
  readonly url: string;
  /** Handles a new connection; by default the connection is passed on. */
  meet(socket: Socket): void;
  /** Passes no more bytes from the existing connections on to the server. */
  freeze(): void;
}

/** Starts a server that passes TCP connections on to another server, or handles them with `meet`. */
async function startGate(to: string): Promise<Gate> {
  const port = Number(new URL(to).port);
  const sockets = new Set<Socket>();
  const pass = (socket: Socket): void =>
    void socket.pipe(connect(port, "127.0.0.1").on("error", () => socket.destroy())).pipe(socket);
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    gate.meet(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const gate: Gate = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    meet: pass,
    freeze() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return gate;
}

for (const [what, meet] of [
  ["refused", (socket: Socket) => void socket.destroy()],
  ["late", (socket: Socket) => void socket.resume()],
] as const) {
  it(`an ask whose own connection is ${what} takes another one when that comes free`, async () => {
    const held: Call[] = [];
    await using server = await startScriptedEngine((call) => held.push(call));
    await using gate = await startGate(server.url);
    await using engine = engineAt(gate.url, { connections: 5 });
    const first = askAll(engine, { uniqueId: "1", affinity: "ann" });
    await eventually(() => held.length === 1, { what: "the first call" });
    gate.meet = meet;
    const second = askAll(engine, { uniqueId: "2", affinity: "ann" });
    const askedAt = performance.now();
    await eventually(() => performance.now() - askedAt > 1200, { what: "a handshake that is late" });
    held[0]?.say({ message: "one", unique_id: "1" });
    expect(textOf(await first)).toBe("one");
    await eventually(() => held.length === 2, { what: "the second call" });
    held[1]?.say({ message: "two", unique_id: "2" });
    expect(textOf(await second)).toBe("two");
    expect(server.opened).toBe(1);
  });
}

it("a handshake may take as long as the first reply, once TCP is connected", async () => {
  await using server = await startScriptedEngine(({ say }) => say({ message: "at last" }));
  await using gate = await startGate(server.url);
  const { meet } = gate;
  gate.meet = (socket) => void setTimeout(() => meet(socket), 600);
  await using engine = engineAt(gate.url, { connectTimeoutMs: 200, firstReplyTimeoutMs: 5000 });
  expect(textOf(await askAll(engine))).toBe("at last");
});

it("an idle connection that owes a pong is not used", async () => {
  await using server = await startScriptedEngine(({ say, connection }) => say({ message: `on ${connection}` }));
  await using gate = await startGate(server.url);
  await using engine = engineAt(gate.url, { pingEveryMs: 50, firstReplyTimeoutMs: 300 });
  expect(textOf(await askAll(engine))).toBe("on 1");
  expect(textOf(await askAll(engine))).toBe("on 1");
  gate.freeze(); // like a server that stops slowly: the connection stays, but nothing arrives on it
  const frozenAt = performance.now();
  await eventually(() => performance.now() - frozenAt > 150, { what: "a ping" });
  expect(textOf(await askAll(engine))).toBe("on 2");
});

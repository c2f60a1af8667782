import { eventually, freePort } from "@docrelay/testkit";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startTarget, type Target } from "./attack.ts";

/** How many connections of each kind are opened. */
const EACH = 15;
const MAX_CONNECTIONS = 50;
/**
 * The most open TCP connections of the edge: 64 more than client connections, for those that have not sent a request
 * yet.
 */
const MAX_SOCKETS = MAX_CONNECTIONS + 64;
/**
 * Within this time all silent connections must have ended: a timeout of 10 s, which is checked every 2 s, and 10 s in
 * which a WebSocket may close; all this twice, because the machine may be busy.
 */
const ENDED_MS = 44_000;

const HOST = "Host: edge.test\r\n";
const UPGRADE = `${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n`;
const KINDS: ReadonlyArray<{ kind: string; says: string; drips?: string }> = [
  { kind: "says nothing at all", says: "" },
  { kind: "sends half a request line", says: "GET /he" },
  { kind: "sends a header, letter by letter", says: `GET / HTTP/1.1\r\n${HOST}X-Slow: `, drips: "x" },
  { kind: "never ends its handshake", says: `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE}` },
  { kind: "never ends its handshake at the plain endpoint", says: `GET /ws/chat/ HTTP/1.1\r\n${UPGRADE}` },
  {
    kind: "makes a WebSocket and says nothing on it",
    says: `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  },
];

let target: Target;
let adminPort: number;
/** How many open sockets the edge reports when no client is connected, including that of the request for the report. */
let atRest: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  adminPort = await freePort();
  target = await startTarget({
    env: { LOG_LEVEL: "info" },
    first: { ADMIN_PORT: String(adminPort), MAX_CONNECTIONS: String(MAX_CONNECTIONS) },
  });
  atRest = await openSockets();
});
/** Closes all sockets, also after a failed test, because the next test would count them. */
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await eventually(async () => (await openSockets()) <= atRest, {
    what: "no socket more than before",
  });
});
afterAll(async () => {
  await target[Symbol.asyncDispose]();
});

/** Opens a TCP connection and sends `says`. If the edge ends its side of the connection, this side stays open. */
async function dial(says: string): Promise<{ socket: Socket; ended: Promise<void> }> {
  const socket = connect({ port: target.ports[0], host: "127.0.0.1", allowHalfOpen: true });
  sockets.push(socket);
  socket.on("error", () => undefined);
  // A reset counts as an end, too: a connection on which bytes arrive after the edge has closed it is reset. A promise
  // of `once(socket, "end")` would reject at the reset, and the end would never be counted.
  const ended = new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
  socket.resume();
  await once(socket, "connect");
  socket.write(says);
  return { socket, ended };
}
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  if (line === undefined) throw new Error(`no metric ${name}`);
  return Number(line.slice(name.length + 1));
}
const openSockets = (): Promise<number> => metric('nodejs_active_resources{type="TCPSocketWrap"}');
async function isServed(user: string): Promise<void> {
  const { socket, send } = await target.client(user);
  expect(await send("ask", { id: "a", conversation: "talk", message: "Is anybody there?" })).toMatchObject({
    ok: true,
  });
  socket.disconnect();
}

describe("connections that never say what they want", () => {
  it("are ended, of every kind, while others are served, and nothing of them stays", async () => {
    const all = await Promise.all(
      KINDS.flatMap(({ kind, says, drips }) =>
        Array.from({ length: EACH }, async () => ({ kind, drips, ...(await dial(says)) })),
      ),
    );
    // The kernel completes connections before the edge accepts them, so the test waits until the edge has accepted all.
    await eventually(async () => (await openSockets()) >= atRest + all.length, { what: "every one at the edge" });
    const dripping = setInterval(() => {
      for (const { socket, drips } of all) if (drips && socket.writable) socket.write(drips);
    }, 300);
    await isServed("meanwhile");
    const left = new Map(KINDS.map(({ kind }) => [kind, EACH]));
    for (const { kind, ended } of all) void ended.then(() => left.set(kind, (left.get(kind) ?? 0) - 1));
    await eventually(() => [...left.values()].every((count) => count === 0), {
      timeoutMs: ENDED_MS,
      what: "the end of every one",
    }).catch(() => undefined);
    clearInterval(dripping);
    expect(Object.fromEntries(left)).toEqual(Object.fromEntries(KINDS.map(({ kind }) => [kind, 0])));
    for (const { socket } of all) socket.destroy();
    await eventually(async () => (await openSockets()) <= atRest, {
      what: "no socket more than before",
    });
    expect(await metric("docrelay_edge_socketio_connections")).toBe(0);
    await isServed("afterwards");
  });

  it("are no more than fit: what comes beyond is closed unheard", async () => {
    const all = await Promise.all(Array.from({ length: 3 * MAX_SOCKETS }, () => dial("")));
    let ended = 0;
    for (const one of all) void one.ended.then(() => ended++);
    await eventually(() => ended >= 2 * MAX_SOCKETS, { what: "the end of those beyond" });
    expect(await openSockets()).toBeLessThanOrEqual(atRest + MAX_SOCKETS);
    for (const { socket } of all) socket.destroy();
    await eventually(async () => (await openSockets()) <= atRest, { what: "no socket more than before" });
    await isServed("later");
  });
});

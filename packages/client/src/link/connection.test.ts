import { eventually, startProxy, type Proxy } from "@docrelay/testkit";
import { wireError } from "@docrelay/protocol";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RelayServer } from "../../test/relay-server.ts";
import { connect, memoryStorage, type ConnectOptions, type Relay } from "../index.ts";

let server: RelayServer;
let proxy: Proxy;
let told: string[];
const relays: Relay[] = [];
const others: Server[] = [];

function open(options: ConnectOptions = {}): Relay {
  const relay = connect({
    url: `http://127.0.0.1:${proxy.port}`,
    storage: memoryStorage(),
    onState: (state, error) => told.push(error ? `${state} ${error.code}` : state),
    ...options,
  });
  relays.push(relay);
  return relay;
}
beforeEach(async () => {
  server = await RelayServer.start();
  proxy = await startProxy({ port: Number(new URL(server.url).port) });
  told = [];
});
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const relay of relays.splice(0)) relay.close();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  for (const other of others.splice(0)) other.close();
});

/** A web server that is not docrelay. */
async function serve(status: number, body = "<h1>Hello</h1>"): Promise<string> {
  const other = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, "127.0.0.1");
  others.push(other);
  await once(other, "listening");
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
}

test("where the platform has no WebSocket, as Node 20, a library is one", async () => {
  vi.stubGlobal("WebSocket", undefined);
  await expect(open().conversation("c").ask("first").accepted).resolves.toMatchObject({ duplicate: false });
});

describe("a socket that has died silently", () => {
  test("costs an ask a new socket, over which it is acknowledged once", async () => {
    const relay = open();
    await relay.conversation("c").ask("first", { id: "a1" }).accepted;
    // Waits until the HTTP connection of the session request has ended. Otherwise Node would open the next WebSocket
    // over this idle connection, which `proxy.silence()` silences, too.
    await eventually(() => proxy.connections === 1, { timeoutMs: 2000, what: "the end of the session's connection" });
    proxy.silence();
    await relay.conversation("c").ask("second", { id: "a2" }).accepted;
    expect(told).toEqual(["online", "offline", "online"]);
    expect(server.heard.filter(({ event, payload }) => event === "ask" && payload["id"] === "a2")).toHaveLength(1);
  });

  test("is found out by a sign of life that the page has reason to ask for", async () => {
    const page = new EventTarget();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    const relay = open();
    await eventually(() => relay.state === "online");
    proxy.silence();
    page.dispatchEvent(new Event("pageshow"));
    await eventually(() => told.length === 3);
    expect(told).toEqual(["online", "offline", "online"]);
  });

  test("and a socket that is alive stays, however late the answers are", async () => {
    const relay = open();
    await eventually(() => relay.state === "online");
    const answered = Promise.withResolvers<void>();
    server.chunkGate = answered.promise;
    const upload = relay.upload({ name: "a.pdf", bytes: new Uint8Array(100) });
    await eventually(() => server.count("conversation:close") >= 2);
    answered.resolve();
    await upload;
    expect(told).toEqual(["online"]);
    expect(server.count("upload:chunk")).toBe(1);
  });
});

describe("a page", () => {
  test("that goes offline shows it at once, and connects at once when it is back", async () => {
    const page = new EventTarget();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    const relay = open();
    await eventually(() => relay.state === "online");
    proxy.cut();
    await eventually(() => relay.state === "offline");
    // When `told` has this entry, the client has failed to connect several times, so its waits between tries have
    // grown.
    await eventually(() => told.includes("offline UNREACHABLE"));
    proxy.heal();
    page.dispatchEvent(new Event("online"));
    await eventually(() => relay.state === "online");
    page.dispatchEvent(new Event("offline"));
    expect(told.slice(-2)).toEqual(["online", "offline UNREACHABLE"]);
    relay.close();
    page.dispatchEvent(new Event("online"));
    expect(relay.state).toBe("closed");
  });
});

describe("what keeps a page from connecting is told while it goes on trying", () => {
  test("a server that is away", async () => {
    proxy.cut();
    const relay = open();
    await eventually(() => told.length > 0);
    expect(told).toEqual(["offline UNREACHABLE"]);
    proxy.heal();
    await eventually(() => relay.state === "online");
  });
  test.each([
    ["another web server", 404, "NOT_DOCRELAY"],
    ["a page for every path", 200, "NOT_DOCRELAY"],
    ["a balancer without servers", 502, "UNREACHABLE"],
  ])("%s", async (_name, status, code) => {
    const url = await serve(status);
    open({ url });
    open({ url, token: "own" });
    await eventually(() => told.filter((one) => one === `offline ${code}`).length === 2);
  });
  test("a token that is refused, until it is not", async () => {
    server.refuseConnect = wireError("AUTH_INVALID");
    const relay = open({ token: "own" });
    await eventually(() => server.handshakes.length >= 7);
    expect(told).toEqual(["offline AUTH_INVALID"]);
    server.refuseConnect = undefined;
    await eventually(() => relay.state === "online");
  }, 40_000);
  test("an application that has no token", async () => {
    let isSignedIn = false;
    const token = async (): Promise<string> => {
      if (!isSignedIn) throw new Error("sign in");
      return "own";
    };
    const relay = open({ token });
    await eventually(() => told.length > 0);
    expect(told).toEqual(["offline AUTH_REQUIRED"]);
    isSignedIn = true;
    await eventually(() => relay.state === "online");
  });
});

describe("a url", () => {
  test.each([
    "localhost:3000",
    "ws://localhost:3000",
    "/tools/docrelay",
    "ask.example.org",
    "",
    "https://me:too@a.org",
  ])("%j is refused with a sentence at once", (url) =>
    expect(() => connect({ url })).toThrow(/^The url of docrelay must .*\.$|^connect needs a url/),
  );
});

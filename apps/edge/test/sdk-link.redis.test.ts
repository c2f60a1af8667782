import { connect, memoryStorage, type ConnectOptions, type Relay } from "@docrelay/client";
import { eventually, startProxy } from "@docrelay/testkit";
import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { connect as dial, type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { useEdges } from "./fixture.ts";

// These tests check how the SDK reaches real edges through proxies, and what it reports when it cannot reach them.
const edges = useEdges({ env: { CORS_ALLOWED_ORIGINS: "https://app.test" } });
const PREFIX = "/tools/docrelay";
const relays: Relay[] = [];
const proxies: Server[] = [];
let told: string[];

beforeEach(() => void (told = []));
afterEach(() => {
  for (const relay of relays.splice(0)) relay.close();
  for (const proxy of proxies.splice(0)) proxy.close().closeAllConnections();
});

function open(options: ConnectOptions): Relay {
  const onState: ConnectOptions["onState"] = (state, error) => told.push(error ? `${state} ${error.code}` : state);
  const relay = connect({ storage: memoryStorage(), onState, ...options });
  relays.push(relay);
  return relay;
}
const edgePort = (): number => edges.edges[0]?.port ?? 0;

/**
 * Starts a proxy that serves an edge under the path `PREFIX` and removes this prefix from requests. `webSockets:
 * false`: the proxy does not pass WebSockets on.
 */
async function serve(port: number, more: { webSockets?: boolean } = {}): Promise<string> {
  const strip = (url = ""): string | undefined => (url.startsWith(`${PREFIX}/`) ? url.slice(PREFIX.length) : undefined);
  const proxy = createServer((incoming, response) => {
    const path = strip(incoming.url);
    if (path === undefined) return void response.writeHead(404).end("<h1>Not here</h1>");
    const { method, headers } = incoming;
    const outgoing = httpRequest({ port, host: "127.0.0.1", path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  proxy.on("upgrade", (incoming, client, head: Buffer) => {
    const path = strip(incoming.url);
    client.on("error", () => undefined);
    if (path === undefined || more.webSockets === false) return client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const edge = dial(port, "127.0.0.1");
    edge.on("error", () => client.destroy());
    client.on("close", () => edge.destroy());
    const { rawHeaders } = incoming;
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1] ?? ""}`] : []));
    edge.write([`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    edge.write(head);
    edge.pipe(client);
    client.pipe(edge);
  });
  proxies.push(proxy);
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
/** Sends a small ask with a file, and waits for its acknowledgement. */
async function asks(relay: Relay): Promise<void> {
  const files = [{ name: "a.pdf", bytes: Buffer.from("%PDF-1.7 small") }];
  expect(await relay.conversation("c").ask("?", { files }).accepted).toMatchObject({ seq: 1 });
}

describe("a path prefix that a proxy strips", () => {
  it.each(["", "/"])("is the url's path (%j at its end): session, socket and uploads work", async (end) => {
    const relay = open({ url: (await serve(edgePort())) + PREFIX + end });
    await asks(relay);
    expect(told).toEqual(["online"]);
  });
  it("that is left out is told", async () => {
    open({ url: await serve(edgePort()) });
    await eventually(() => told.length > 0);
    expect(told).toEqual(["offline NOT_DOCRELAY"]);
  });
  it("that the proxy does not strip is told, with a session and with an own token", async () => {
    const url = `http://127.0.0.1:${edgePort()}${PREFIX}`;
    open({ url });
    open({ url, token: await edges.token() });
    await eventually(() => told.filter((one) => one === "offline NOT_DOCRELAY").length === 2);
  });
});

/** Makes a file that an edge takes for a PDF, because an edge checks only the first bytes. */
const file = (size: number): { name: string; bytes: Uint8Array } => {
  const bytes = new Uint8Array(size).fill(65);
  bytes.set(Buffer.from("%PDF-1.7\n"));
  return { name: "a.pdf", bytes };
};

describe("a network without WebSockets", () => {
  it("is told, where the server does not poll", async () => {
    const relay = open({ url: (await serve(edgePort(), { webSockets: false })) + PREFIX });
    await eventually(() => told.includes("offline TRANSPORT_BLOCKED"));
    expect(relay.state).toBe("offline");
  });
  it("is no hindrance where it does", async () => {
    const edge = await edges.start({ TRANSPORTS: "websocket,polling" });
    const relay = open({ url: (await serve(edge.port, { webSockets: false })) + PREFIX });
    await asks(relay);
    const asked = relay.conversation("d").ask("?");
    await asked.accepted;
    await edges.answer("d", ["polled ", "words"], relay.user);
    expect(await asked.text()).toBe("polled words");
    await expect(relay.upload(file(100_000))).resolves.toHaveProperty("upload");
    expect(told).toEqual(["offline", "online"]);
    await edge.stop();
  });
});

describe("an upload", () => {
  it("over a slow line sends each byte once, and no small message waits behind many", async () => {
    await using line = await startProxy({ port: edgePort() });
    const relay = open({ url: `http://127.0.0.1:${line.port}` });
    await relay.conversation("c").ask("?").accepted;
    const before = line.bytesUp;
    line.bandwidth(60_000);
    const uploading = relay.upload(file(300_000));
    await eventually(() => line.bytesUp - before > 100_000);
    // The ask is accepted while the upload is still running.
    await relay.conversation("c").ask("meanwhile").accepted;
    expect(line.bytesUp - before).toBeLessThan(290_000);
    await uploading;
    expect((line.bytesUp - before) / 300_000).toBeLessThan(1.1);
    expect(told).toEqual(["online"]);
  });
  it("that failed goes on where it was, under the same id", async () => {
    await using line = await startProxy({ port: edgePort() });
    const relay = open({ url: `http://127.0.0.1:${line.port}` });
    const big = file(400_000);
    const offsets: number[] = [];
    const stop = new AbortController();
    const onProgress = (sent: number): void => {
      offsets.push(sent);
      if (sent > 200_000) stop.abort(new Error("stopped"));
    };
    await expect(relay.upload(big, { signal: stop.signal, onProgress })).rejects.toThrow("stopped");
    const before = line.bytesUp;
    await relay.upload(big);
    expect(line.bytesUp - before).toBeLessThan(220_000);
  });
  it("whose line breaks goes on at the server's offset", async () => {
    await using line = await startProxy({ port: edgePort() });
    const relay = open({ url: `http://127.0.0.1:${line.port}` });
    await relay.conversation("c").ask("?").accepted;
    const before = line.bytesUp;
    line.bandwidth(300_000);
    let breaks = 2;
    const onProgress = (sent: number): void => {
      if (sent > 400_000 - breaks * 100_000 && breaks-- > 0) line.reset();
    };
    const asked = relay.conversation("c").ask("?", {
      files: [file(400_000)],
      onProgress: (progress) => progress.stage === "uploading" && onProgress(progress.sent),
    });
    await asked.accepted;
    expect(told).toEqual(["online", "offline", "online", "offline", "online"]);
    // After the connection has broken, only the bytes that were under way at that moment are sent again.
    expect(line.bytesUp - before).toBeLessThan(400_000 + 2 * 262_144 + 20_000);
  });
});

describe("an origin that is not listed", () => {
  const from =
    (origin: string): typeof fetch =>
    (input, init) =>
      fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), origin } });
  it("is told, and the listed one connects", async () => {
    const url = `http://127.0.0.1:${edgePort()}`;
    open({ url, fetch: from("https://evil.test") });
    await eventually(() => told.length > 0);
    expect(told).toEqual(["offline ORIGIN_DENIED"]);
    await asks(open({ url, fetch: from("https://app.test") }));
  });
});

import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { eventually, freePort } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import type { EngineError } from "./index.ts";
import { askAll, engineAt, startScriptedEngine, textOf, type Call } from "../test/scripted-engine.ts";

/** Starts a TCP server that does not speak WebSocket; `onSocket` handles its connections. */
async function startTcp(onSocket: (socket: Socket) => void): Promise<{ url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const answering = (text: string) => (socket: Socket) => void socket.once("data", () => socket.end(text));

describe("an engine that cannot be reached is named by its cause", () => {
  it("refused", async () => {
    await using engine = engineAt(`ws://127.0.0.1:${await freePort()}`);
    await expect(askAll(engine)).rejects.toMatchObject({
      name: "EngineError",
      kind: "unavailable",
      reason: undefined,
      why: "refused",
      retry: "away",
      message: expect.stringMatching(
        /^nothing listens at the engine's address: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
      ),
    });
  });

  it("without a host of that name", async () => {
    await using engine = engineAt("ws://no-such-host.invalid");
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable", why: "dns", retry: "away" });
  });

  it("silent in the handshake", async () => {
    await using tcp = await startTcp((socket) => void socket.resume());
    await using engine = engineAt(`ws://${tcp.url}`, { handshakeTimeoutMs: 50 });
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "timeout", why: "timeout-handshake", retry: "away" });
  });

  it("answering the handshake byte by byte for ever", async () => {
    await using tcp = await startTcp((socket) => {
      const drip = setInterval(() => socket.write("x"), 10);
      socket.on("close", () => clearInterval(drip)).write("HTTP/1.1 101 Switching Protocols\r\nX-Long: ");
    });
    await using engine = engineAt(`ws://${tcp.url}`, { handshakeTimeoutMs: 100 });
    await expect(askAll(engine)).rejects.toMatchObject({ why: "timeout-handshake" });
  });

  it("redirecting: the redirect is not followed", async () => {
    await using target = await startScriptedEngine(({ say }) => say({ message: "never" }));
    await using tcp = await startTcp(answering(`HTTP/1.1 302 Found\r\nLocation: ${target.url}\r\n\r\n`));
    await using engine = engineAt(`ws://${tcp.url}`);
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable", why: "http-3xx", retry: "never" });
    expect(target.opened).toBe(0);
  });

  it.each([
    ["HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n", "http-503", "away", { retryAfterMs: 7000 }],
    ["HTTP/1.1 429 Slow \u0007down\r\n\r\n", "http-429", "away", { said: "Slow down", retryAfterMs: undefined }],
    ["HTTP/1.1 502 Bad Gateway\r\n\r\n", "http-502", "away", {}],
    ["HTTP/1.1 403 Forbidden\r\n\r\n", "http-403", "never", { said: "Forbidden" }],
    ["HTTP/1.1 404 Not Found\r\n\r\n", "http-404", "never", {}],
    ["HTTP/1.1 426 Upgrade Required\r\n\r\n", "http-426", "never", {}],
    ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "http-2xx", "never", {}],
    ["garbage\r\n\r\n", "handshake", "never", {}],
    ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "handshake", "never", {}],
    ["", "reset", "away", {}],
  ])("answering %j", async (answer, why, retry, more) => {
    await using tcp = await startTcp(answering(answer));
    await using engine = engineAt(`ws://${tcp.url}`);
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable", why, retry, ...more });
  });

  it("without TLS where TLS is expected", async () => {
    await using server = await startScriptedEngine(() => undefined);
    await using engine = engineAt(server.url.replace("ws:", "wss:"));
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable", why: "tls", retry: "never" });
  });

  it.each([
    [1000, "closed-1000", "again"],
    [1008, "closed-1008", "never"],
    [1009, "closed-1009", "never"],
    [1011, "closed-1011", "again"],
    [1012, "closed-1012", "away"],
    [1013, "closed-1013", "away"],
    [4401, "closed-4xxx", "never"],
    [4999, "closed-4xxx", "again"],
  ])("closing with %i at once", async (code, why, retry) => {
    await using server = await startScriptedEngine(
      () => undefined,
      (socket) => socket.close(code, "the engine's\nwords"),
    );
    await using engine = engineAt(server.url);
    await expect(askAll(engine)).rejects.toMatchObject({ why, retry, said: "the engine's words" });
  });

  it("and is reached again once it is there, with all its connections", async () => {
    const port = await freePort();
    await using engine = engineAt(`ws://127.0.0.1:${port}`, { connections: 2 });
    for (let turn = 0; turn < 5; turn++) await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable" });
    await using server = await startScriptedEngine(({ say }) => say("hi"));
    await using again = engineAt(server.url, { connections: 2 });
    expect((await Promise.all(["a", "b", "c"].map((affinity) => askAll(again, { affinity })))).map(textOf)).toEqual([
      "hi",
      "hi",
      "hi",
    ]);
  });

  it("closing or breaking in the middle", async () => {
    await using server = await startScriptedEngine(({ say, socket, number }) => {
      say({ delta: "half" });
      if (number % 2 === 0) socket.close(1011);
      else socket.terminate();
    });
    await using engine = engineAt(server.url, { reply: "stream" });
    for (let turn = 0; turn < 4; turn++) await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable" });
  });
});

describe("a silent engine times out, and its connection is closed", () => {
  it("before its first frame", async () => {
    await using server = await startScriptedEngine(() => undefined);
    await using engine = engineAt(server.url, { firstReplyTimeoutMs: 50 });
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "timeout" });
    await eventually(() => server.open === 0, { what: "the close" });
  });

  it("between two frames of a stream", async () => {
    await using server = await startScriptedEngine(({ say }) => say({ delta: "half" }));
    await using engine = engineAt(server.url, { reply: "stream", firstReplyTimeoutMs: 10_000, idleTimeoutMs: 50 });
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "timeout" });
    await eventually(() => server.open === 0, { what: "the close" });
  });

  it("counted from the prompt being sent, however long its reader takes to come back", async () => {
    await using server = await startScriptedEngine(() => undefined);
    await using engine = engineAt(server.url, { firstReplyTimeoutMs: 300 });
    const events = engine
      .ask({ message: "m", uniqueId: "u", affinity: "a" }, new AbortController().signal)
      [Symbol.asyncIterator]();
    await events.next();
    const sentAt = performance.now();
    await eventually(() => performance.now() - sentAt > 250, { what: "a while" });
    await expect(events.next()).rejects.toMatchObject({ kind: "timeout" });
    // firstReplyTimeoutMs counts from the prompt, not from the call of next() 250 ms later.
    expect(performance.now() - sentAt).toBeLessThan(520);
  });

  it("not before the prompt is sent: what waits for a connection is not the engine's silence", async () => {
    await using server = await startScriptedEngine(({ say, id: unique_id }) =>
      setTimeout(() => say({ message: "ok", unique_id }), 60),
    );
    await using engine = engineAt(server.url, { connections: 1, firstReplyTimeoutMs: 400 });
    const asks = Array.from({ length: 8 }, (_, index) =>
      askAll(engine, { uniqueId: `${index}`, affinity: `${index}` }).then(textOf),
    );
    // The last ask waits for a connection for longer than firstReplyTimeoutMs: for seven replies of 60 ms and seven
    // rests of 50 ms.
    expect(await Promise.all(asks)).toEqual(asks.map(() => "ok"));
  });

  it("also when it does not read the prompt", async () => {
    await using server = await startScriptedEngine(
      () => undefined,
      (socket) => socket.pause(),
    );
    await using engine = engineAt(server.url, { firstReplyTimeoutMs: 200 });
    await expect(askAll(engine, { message: "x".repeat(30_000_000) })).rejects.toMatchObject({ kind: "timeout" });
  });
});

describe("a bad reply", () => {
  const cases: Array<[string, string, (call: Call) => void]> = [
    ["an error frame", "error", ({ say }) => say({ type: "error", message: "no" })],
    ["an error field", "error", ({ say }) => say({ error: "no" })],
    ["another ask's id", "unique-id", ({ say }) => say({ message: "x", unique_id: "other" })],
    ["no text", "empty", ({ say }) => say({ type: "chat" })],
    ["a frame over the limit", "size", ({ say }) => say("x".repeat(1_048_576 * 6 + 65_537))],
    ["binary", "binary", ({ socket }) => socket.send(Buffer.from('{"message":"x"}'))],
    ["text that is no UTF-8", "frame", ({ socket }) => socket.send(Buffer.from([0xff, 0xfe, 0x80]), { binary: false })],
    ["nested JSON", "depth", ({ say }) => say(`{"message":"x","a":${"[".repeat(64)}${"]".repeat(64)}}`)],
  ];
  it.each(cases)(
    "%s is one with reason %s, its connection is closed, and the next ask is well",
    async (_, reason, act) => {
      await using server = await startScriptedEngine((call) =>
        call.number === 1 ? act(call) : call.say({ message: "well" }),
      );
      await using engine = engineAt(server.url);
      await expect(askAll(engine)).rejects.toMatchObject({ kind: "bad-reply", reason });
      await eventually(() => server.open === 0, { what: "the close" });
      expect(textOf(await askAll(engine))).toBe("well");
    },
  );

  it("keeps the engine's own words apart, in one line of bounded length, without the secrets of its address", async () => {
    const words = `key hunter22 is\u0000 wrong\n\u202e${"x".repeat(5000)}`;
    await using server = await startScriptedEngine(({ say }) => say({ error: { message: words } }));
    await using engine = engineAt(`${server.url}/?key=hunter22`);
    const error = (await askAll(engine).catch((one: unknown) => one)) as EngineError;
    expect(String(error)).toBe("EngineError: the engine replied with an error");
    expect(error.said).toBe(`key … is wrong ${"x".repeat(285)}…`);
  });
});

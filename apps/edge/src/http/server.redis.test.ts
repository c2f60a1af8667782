import { eventually, freePort } from "@docrelay/testkit";
import { connect } from "node:net";
import { io, type Socket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { useEdges, USER } from "../../test/fixture.ts";

const relay = useEdges({ env: { CORS_ALLOWED_ORIGINS: "https://app.test" } });
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});
const call = (path: string, init: RequestInit = {}, port = relay.edges[0]?.port): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, init);
const error = async (answer: Response): Promise<unknown> => [answer.status, await answer.json()];

/** Connects by long polling alone. Resolves with the user that `welcome` names, or with the message of the refusal. */
async function poll(port: number | undefined): Promise<[string, Socket]> {
  const auth = { token: await relay.token(), protocol: 1 };
  const options = { transports: ["polling"], upgrade: false, reconnection: false, forceNew: true, auth };
  const socket = io(`http://127.0.0.1:${port}`, options);
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.once("welcome", ({ user }: { user: string }) => resolve([user, socket]));
    socket.once("connect_error", (refusal: Error) => resolve([refusal.message, socket]));
  });
}

describe("the public port", () => {
  it("answers an upgrade to nowhere at once, and does not wait for a client that stays", async () => {
    const socket = connect({ port: relay.edges[0]?.port ?? 0, host: "127.0.0.1", allowHalfOpen: true });
    let said = "";
    socket.on("error", () => undefined); // the edge cuts the connection, and the test waits for that
    socket.on("data", (data: Buffer) => (said += data.toString()));
    socket.write("GET /ws/nope HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    await eventually(() => said.startsWith("HTTP/1.1 404"));
    // The client never closes its own side; the edge cuts the connection nevertheless.
    await eventually(() => (socket.write("x"), socket.destroyed), { timeoutMs: 8000 });
  });

  it.each(["/ws/chat", "/ws/chat/"])(
    "says that %s wants an upgrade, as when a proxy has dropped the header",
    async (path) => {
      for (const method of ["GET", "POST"]) {
        const answer = await call(path, { method, ...(method === "POST" && { body: "{}" }) });
        expect([answer.status, answer.headers.get("upgrade"), answer.headers.get("connection")]).toEqual([
          426,
          "websocket",
          "Upgrade",
        ]);
        expect(await answer.json()).toMatchObject({ error: { code: "BAD_MESSAGE", reason: "type", retryable: false } });
      }
      expect((await call("/ws/chats")).status).toBe(404);
    },
  );

  it("says to a person's browser that there is nothing at an address, with a way to the page; to programs as JSON", async () => {
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (const [path, home] of [
      ["/nowhere", "./"],
      ["/a/b/c?d=/e/f", "../../"],
      ["/nowhere/", "../"],
      ['/"><script>alert(1)</script>', "../"],
    ] as const) {
      const answer = await call(path, { headers: { accept } });
      const html = await answer.text();
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([
        path,
        404,
        "text/html; charset=utf-8",
      ]);
      expect(html).toContain(`<a href="${home}">`);
      expect(html).not.toContain("script");
      expect(answer.headers.get("content-security-policy")).toMatch(
        /^default-src 'self'; script-src 'self'; style-src/,
      );
    }
    expect(await (await call("/nowhere", { method: "HEAD", headers: { accept } })).text()).toBe("");
    for (const [path, init] of [
      ["/nowhere", {}],
      ["/nowhere", { headers: { accept: "application/json" } }],
      ["/nowhere", { method: "POST", headers: { accept } }],
      ["/v1/nowhere", { headers: { accept } }],
    ] as const)
      expect(await error(await call(path, init))).toMatchObject([404, { error: { code: "NOT_FOUND" } }]);
  });

  it("hears a refused request out: a client that is cut off while it writes never reads why", async () => {
    const body = "x".repeat(200_000);
    const socket = connect(relay.edges[0]?.port ?? 0, "127.0.0.1");
    let said = "";
    socket.on("data", (data: Buffer) => (said += data.toString()));
    const head = `POST /v1/nope HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(head + body.slice(0, 1000));
    // `/healthz` is requested second and gets its response. The first request gets none yet, because the edge still
    // waits for the rest of its body.
    expect((await call("/healthz")).status).toBe(200);
    expect(said).toBe("");
    socket.write(body.slice(1000));
    await eventually(() => said.startsWith("HTTP/1.1 404"));
  });

  it("tells its health, and keeps its metrics to the admin port", async () => {
    expect((await call("/healthz")).status).toBe(200);
    expect((await call("/readyz")).status).toBe(200);
    for (const path of ["/healthz", "/v1/conversations", "/nowhere", "/", "/socket.io/"])
      expect((await call(path)).headers.get("x-content-type-options"), path).toBe("nosniff");
    expect(await error(await call("/metrics"))).toMatchObject([404, { error: { code: "NOT_FOUND" } }]);
    const admin = await freePort();
    const edge = await relay.start({ ADMIN_PORT: String(admin) });
    const client = await relay.client(edge);
    await client.ask("one");
    const metrics = await (await call("/metrics", {}, admin)).text();
    expect(metrics).toMatch(/docrelay_edge_socketio_connections 1\n/);
    expect(metrics).toMatch(/docrelay_edge_events_total\{event="ask",outcome="ok"\} 1\n/);
    expect(metrics).not.toContain(USER);
    await edge.stop();
  });

  it("gives sessions to its own page and to listed ones, and answers their preflight", async () => {
    const post = (origin: string): Promise<Response> => call("/v1/session", { method: "POST", headers: { origin } });
    const listed = await post("https://app.test");
    expect([listed.status, listed.headers.get("access-control-allow-origin")]).toEqual([200, "https://app.test"]);
    expect(listed.headers.get("cache-control")).toBe("no-store");
    const own = `http://127.0.0.1:${relay.edges[0]?.port}`;
    expect((await post(own)).status).toBe(200);
    for (const origin of ["https://evil.test", "null"]) {
      const evil = await post(origin);
      // With this header the browser lets a page of a refused origin read the error.
      expect([evil.status, evil.headers.get("access-control-allow-origin")]).toEqual([403, "*"]);
      expect(await evil.json()).toMatchObject({ error: { code: "ORIGIN_DENIED" } });
    }
    const preflight = await call("/v1/session", { method: "OPTIONS", headers: { origin: "https://app.test" } });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST"]);
    const refused = await call("/v1/session", { method: "OPTIONS", headers: { origin: "https://evil.test" } });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    expect(await error(await call("/v1/session"))).toMatchObject([404, { error: { code: "NOT_FOUND" } }]);
  });
});

describe("long polling", () => {
  it("is off unless asked for", async () => {
    const [answer] = await poll(relay.edges[0]?.port);
    expect(answer).toBe("xhr poll error");
    const plain = await call("/socket.io/?EIO=4&transport=polling");
    expect(await error(plain)).toMatchObject([400, { error: { code: "BAD_MESSAGE" } }]);
    for (const [origin, readable, code] of [
      ["https://app.test", "https://app.test", "BAD_MESSAGE"],
      ["https://evil.test", "*", "ORIGIN_DENIED"],
    ]) {
      const told = await call("/socket.io/", { headers: { origin: origin ?? "" } });
      expect(told.headers.get("access-control-allow-origin")).toBe(readable);
      expect(await told.json()).toMatchObject({ error: { code } });
    }
  });

  it("works where TRANSPORTS names it, with the same rules", async () => {
    const edge = await relay.start({ TRANSPORTS: "websocket,polling" });
    const [user, socket] = await poll(edge.port);
    expect(user).toBe(USER);
    const heard: unknown[] = [];
    socket.on("event", (event: unknown) => heard.push(event));
    const ask = { id: "one", conversation: "talk", message: "What is this?" };
    expect(await socket.timeout(5000).emitWithAck("ask", ask)).toMatchObject({ ok: true, seq: 1 });
    await eventually(() => heard.length === 1);
    const other = await relay.client(edge);
    expect(await other.ask("two")).toMatchObject({ ok: true, seq: 2 });
    await eventually(() => heard.length === 2);

    const path = "/socket.io/?EIO=4&transport=polling";
    const evil = await call(path, { headers: { origin: "https://evil.test" } }, edge.port);
    expect(await error(evil)).toMatchObject([403, { error: { code: "ORIGIN_DENIED" } }]);
    expect((await call(path, { method: "POST", body: "4x" }, edge.port)).status).toBe(400);
    expect((await call(`${path}&sid=nobody`, { method: "PUT", body: "4x" }, edge.port)).status).toBe(400);
    await edge.stop();
  });

  it("ends with a word when the edge stops", async () => {
    const edge = await relay.start({ TRANSPORTS: "websocket,polling" });
    const [, socket] = await poll(edge.port);
    const said: unknown[] = [];
    socket.on("closing", ({ code }: { code: string }) => said.push(code));
    socket.on("disconnect", (reason) => said.push(reason));
    expect(await edge.stop()).toEqual([]);
    await eventually(() => said.length === 2);
    expect(said[0]).toBe("SHUTTING_DOWN");
  });
});

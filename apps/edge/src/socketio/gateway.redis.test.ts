import { FEATURES, sessionSchema, welcomeSchema } from "@docrelay/protocol";
import { once } from "node:events";
import { eventually } from "@docrelay/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { refused, useEdges, USER } from "../../test/fixture.ts";

const relay = useEdges({ count: 2 });
const extra: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const stop of extra.splice(0)) await stop();
});
async function startAlso(env: Record<string, string>): Promise<Awaited<ReturnType<typeof relay.start>>> {
  const edge = await relay.start(env);
  extra.push(() => edge.stop());
  return edge;
}

describe("a connection", () => {
  it("is welcomed with who it is, where, and what it may", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    expect(welcomeSchema.parse(one.welcome)).toEqual({
      user: USER,
      protocol: 1,
      node: relay.edges[0]?.node,
      expiresAt: expect.any(Number) as number,
      // Conversations are shared only where an operator sets SHARE_TTL_MS.
      features: FEATURES.filter((name) => name !== "conversation:share"),
      expiresInMs: expect.any(Number) as number,
      limits: {
        messageChars: 32_000,
        inlineFileBytes: 1_048_576,
        fileBytes: 26_214_400,
        filesPerAsk: 8,
        chunkBytes: 65_536,
        pagesPerFile: 2000,
        asksInFlight: 100,
      },
    });
    expect(one.welcome.expiresAt).toBeGreaterThan(Date.now());
    expect(two.welcome.node).not.toBe(one.welcome.node);
  });

  it.each([
    ["without a token", { protocol: 1 }, "AUTH_REQUIRED"],
    ["with nothing", {}, "AUTH_REQUIRED"],
    ["with an empty token", { protocol: 1, token: "" }, "AUTH_REQUIRED"],
    ["with a token of another kind", { protocol: 1, token: 7 }, "BAD_MESSAGE"],
    ["with a bad token", { protocol: 1, token: "a.b.c" }, "AUTH_INVALID"],
    ["of another protocol", { protocol: 2, token: "a.b.c" }, "BAD_MESSAGE"],
    ["of no protocol", { token: "a.b.c" }, "BAD_MESSAGE"],
  ])("%s is refused", async (_name, auth, code) => {
    expect(await refused(relay.client(undefined, USER, { auth }))).toMatchObject({ code });
  });

  it("of an expired token is refused as such", async () => {
    const token = await relay.token(USER, -5000);
    expect(await refused(relay.client(undefined, USER, { token }))).toMatchObject({ code: "AUTH_EXPIRED" });
  });

  it("is one of so many of its user, on all edges together", async () => {
    const edges = [
      await startAlso({ MAX_CONNECTIONS_PER_USER: "3" }),
      await startAlso({ MAX_CONNECTIONS_PER_USER: "3" }),
    ];
    const clients = [await relay.client(edges[0]), await relay.client(edges[1]), await relay.client(edges[0])];
    for (const edge of edges) {
      expect(await refused(relay.client(edge))).toMatchObject({ code: "TOO_MANY_CONNECTIONS", retryable: true });
    }
    expect((await relay.client(edges[1], "stranger")).welcome.user).toBe("stranger");
    clients[0]?.socket.disconnect();
    await eventually(() => relay.client(edges[1]), { what: "a place given back" });
  });

  it("is one of so many of its edge", async () => {
    const edge = await startAlso({ MAX_CONNECTIONS: "2" });
    const clients = [await relay.client(edge, "a"), await relay.client(edge, "b")];
    expect(await refused(relay.client(edge, "c"))).toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
    clients[0]?.socket.disconnect();
    await eventually(() => relay.client(edge, "c"), { what: "a place given back" });
  });

  it("is refused by an edge that is full of plain sockets", async () => {
    const edge = await startAlso({ MAX_CONNECTIONS: "2" });
    const plain = [0, 1].map(() => new WebSocket(`ws://127.0.0.1:${edge.port}/ws/chat`));
    await Promise.all(plain.map((ws) => once(ws, "open")));
    expect(await refused(relay.client(edge))).toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
    plain[0]?.terminate();
    await eventually(() => relay.client(edge), { what: "a released place" });
    plain[1]?.terminate();
  });

  it("that comes and goes too often is told to slow down", async () => {
    const edge = await startAlso({ CONNECTS_PER_SECOND: "1", CONNECTS_BURST: "5" });
    const codes: string[] = [];
    for (let n = 0; n < 40 && !codes.includes("RATE_LIMITED"); n++) {
      const coming = relay.client(edge, "flapping").then(({ socket }) => socket.disconnect() && "in");
      codes.push(await coming.catch((error: unknown) => (error as { code: string }).code));
    }
    expect(codes.indexOf("RATE_LIMITED")).toBeGreaterThanOrEqual(5);
    expect((await relay.client(edge)).welcome.user).toBe(USER);
  });

  it("is ended after twenty messages that could not be read, and told so", async () => {
    const client = await relay.client();
    for (let n = 0; n < 19; n++) {
      expect(await client.send("nope", n)).toMatchObject({ error: { code: "BAD_MESSAGE", reason: "type" } });
    }
    expect(client.socket.connected).toBe(true);
    client.socket.emit("ask", "no object");
    await eventually(() => !client.socket.connected);
    expect(client.said).toMatchObject([
      ["closing", { code: "BAD_MESSAGE" }],
      ["disconnect", "transport close"],
    ]);
  });
});

describe("auth:refresh", () => {
  it("takes a fresh token of the same user, and no other", async () => {
    const client = await relay.client(undefined, USER, { token: await relay.token(USER, 60_000) });
    const fresh = await client.send("auth:refresh", { token: await relay.token(USER, 900_000) });
    expect(fresh).toEqual({ ok: true, expiresAt: expect.any(Number), expiresInMs: expect.any(Number) });
    expect((fresh.expiresAt ?? 0) - client.welcome.expiresAt).toBeGreaterThan(800_000);
    for (const [token, code] of [
      [await relay.token("stranger"), "FORBIDDEN"],
      [await relay.token(USER, -5000), "AUTH_EXPIRED"],
      ["a.b.c", "AUTH_INVALID"],
      ["", "AUTH_REQUIRED"],
    ]) {
      expect(await client.send("auth:refresh", { token })).toMatchObject({ ok: false, error: { code } });
    }
    expect(await client.ask("one")).toMatchObject({ ok: true });
  });

  it("is all that an expired token may still do on a living connection", async () => {
    const client = await relay.client(undefined, USER, { token: await relay.token(USER, 1000) });
    const expired = { ok: false, error: { code: "AUTH_EXPIRED" } };
    await eventually(async () => !(await client.ask("early")).ok, { what: "the token's end", everyMs: 50 });
    expect(await client.ask("one")).toMatchObject(expired);
    expect(await client.send("cancel", { conversation: "talk", ask: "one" })).toMatchObject(expired);
    expect(client.socket.connected).toBe(true);
    expect(await client.send("auth:refresh", { token: await relay.token() })).toMatchObject({ ok: true });
    expect(await client.ask("one")).toMatchObject({ ok: true });
  });
});

describe("sessions", () => {
  const session = async (edge = relay.edges[0], headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${edge?.port}/v1/session`, { method: "POST", headers });

  it("of one edge hold on another, without a secret that anybody gave", async () => {
    const [one, two] = [await startAlso({ SESSION_SECRET: "" }), await startAlso({ SESSION_SECRET: "" })];
    const { token, user } = sessionSchema.parse(await (await session(one)).json());
    expect((await relay.client(two, user, { token })).welcome.user).toBe(user);
    const renewed = sessionSchema.parse(await (await session(two, { authorization: `Bearer ${token}` })).json());
    expect(renewed.user).toBe(user);
    expect(sessionSchema.parse(await (await session(two)).json()).user).not.toBe(user);
  });

  it("are signed with the secret that was given", async () => {
    const { token, user } = sessionSchema.parse(await (await session()).json());
    expect((await relay.client(relay.edges[1], user, { token })).welcome.user).toBe(user);
    const random = await startAlso({ SESSION_SECRET: "" });
    expect(await refused(relay.client(random, user, { token }))).toMatchObject({ code: "AUTH_INVALID" });
  });

  it("are not renewed with what is no token", async () => {
    const answer = await session(undefined, { authorization: "Bearer a.b.c" });
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: { code: "AUTH_INVALID" } }]);
  });

  it("are so many a minute and address, where that is set", async () => {
    const edge = await startAlso({ SESSIONS_PER_MINUTE: "3", TRUSTED_PROXIES: "127.0.0.1" });
    const from = (address: string): Promise<Response> => session(edge, { "x-forwarded-for": address });
    const statuses = [];
    for (let n = 0; n < 4; n++) statuses.push((await from("203.0.113.1")).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refusal = await from("203.0.113.1");
    expect(Number(refusal.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await from("203.0.113.2")).status).toBe(200);
  });
});

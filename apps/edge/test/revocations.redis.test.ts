import { channelOf, conversationAddress, KEYS, revocationName, writeRevocations } from "@docrelay/channel";
import { eventually, freePort } from "@docrelay/testkit";
import { SignJWT } from "jose";
import { once } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Edge } from "../src/edge.ts";
import { endpointsOf } from "./endpoints.ts";
import { useEdges } from "./fixture.ts";
import { readStream } from "./http-client.ts";

const SECRET = "a secret of the login, of thirty-two bytes at least".replace(",", "");
const ADMIN_TOKEN = "the-token-of-the-operator";
const relay = useEdges({ count: 0, env: { AUTH_MODE: "jwt", JWT_SECRET: SECRET, ADMIN_TOKEN } });
const endpoints = endpointsOf(relay).filter(([name]) => !name.includes("cookie"));

let adminPort: number;
const edges: Edge[] = [];
beforeAll(async () => {
  adminPort = await freePort();
  edges.push(await relay.start({ ADMIN_PORT: String(adminPort) }), await relay.start());
});

const now = (): number => Math.floor(Date.now() / 1000);
/** Makes a token that was issued a minute ago. */
const token = (claims: object): Promise<string> =>
  new SignJWT({ exp: now() + 600, iat: now() - 60, ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.from(SECRET));
const admin = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${adminPort}${path}`, init);
const revoke = (body: object | string, bearer = ADMIN_TOKEN): Promise<Response> =>
  admin("/v1/revocations", {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const told = async (bearer: string): Promise<unknown[]> =>
  Promise.all(edges.flatMap((edge) => endpoints.map(([, enter]) => enter(edge, bearer))));
const all = (code: string): string[] => edges.flatMap(() => endpoints.map(() => code));

describe("what is revoked", () => {
  it("as a user ends all live connections on all edges within a second, and is let in nowhere", async () => {
    const mine = await token({ sub: "leaver" });
    const clients = await Promise.all(edges.map((edge) => relay.client(edge, undefined, { token: mine })));
    expect(await clients[0]?.ask("q")).toMatchObject({ ok: true });
    const stays = await relay.client(edges[1], undefined, { token: await token({ sub: "stays" }) });
    const plain = new WebSocket(`ws://127.0.0.1:${edges[1]?.port}/ws/chat`, ["docrelay.v1", `bearer.${mine}`]);
    const frames: string[] = [];
    plain.on("message", (data: Buffer) => frames.push(data.toString()));
    await once(plain, "open");
    const url = `http://127.0.0.1:${edges[1]?.port}/v1/conversations/talk/events`;
    const stream = await readStream(await fetch(url, { headers: { authorization: `Bearer ${mine}` } }));

    const closed = once(plain, "close");
    expect(await (await revoke({ user: "leaver" })).json()).toEqual({ ok: true, at: expect.any(Number) });
    await eventually(() => clients.every(({ socket }) => !socket.connected), { timeoutMs: 1000 });
    for (const { said } of clients) {
      expect(said.find(([name]) => name === "closing")).toMatchObject([
        "closing",
        { code: "AUTH_INVALID", retryable: false },
      ]);
    }
    expect([(await closed)[0], frames.join()]).toEqual([4401, expect.stringContaining("AUTH_INVALID")]);
    await stream.ended;
    expect(stream.closing).toMatchObject([{ code: "AUTH_INVALID" }]);
    expect(await told(mine)).toEqual(all("AUTH_INVALID"));
    const others = await token({ sub: "stays" });
    expect(await told(others)).toEqual(all("ok"));
    expect(stays.socket.connected).toBe(true);
    expect((await stays.send("auth:refresh", { token: mine })).error?.code).toBe("AUTH_INVALID");
  });

  it("counts on an edge that has missed the message with the one connection that hears it", async () => {
    const client = await relay.client(edges[1], undefined, { token: await token({ sub: "unheard" }) });
    const { redis } = relay.store;
    await writeRevocations(redis, [{ name: revocationName({ user: "unheard" }), at: Date.now() }]);
    const list = (await redis.client("LIST")) as string;
    for (const [, id = ""] of list.matchAll(/^id=(\d+) .*name=docrelay-edge-plain /gm))
      await redis.client("KILL", "ID", id);
    await eventually(() => !client.socket.connected);
  });

  it("counts on an edge that its last user has left", async () => {
    const mine = await token({ sub: "last" });
    const asking = await relay.client(edges[0], undefined, { token: mine });
    expect(await asking.ask("q")).toMatchObject({ ok: true });
    asking.socket.disconnect();
    const left = await relay.start();
    const channel = channelOf(conversationAddress("last", "talk"));
    /** Returns how many edges are subscribed to the conversation. */
    const heard = async (): Promise<unknown> =>
      ((await relay.store.redis.call("PUBSUB", "SHARDNUMSUB", channel)) as [string, number])[1];
    await eventually(async () => (await heard()) === 0);
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${mine}` };
    await fetch(`http://127.0.0.1:${left.port}/v1/conversations/talk/events`, { headers, signal: leaving.signal });
    expect(await heard()).toBe(1);
    leaving.abort();
    await eventually(async () => (await heard()) === 0);
    await revoke({ user: "absent" });
    const absent = await token({ sub: "absent" });
    for (const [, enter] of endpoints) {
      await eventually(async () => (await enter(left, absent)) === "AUTH_INVALID", { timeoutMs: 3000 });
    }
  });

  it("as a user may come back with a token that was issued later, but not with one that does not say when", async () => {
    await revoke({ user: "returns" });
    expect(await told(await token({ sub: "returns", iat: now() + 2 }))).toEqual(all("ok"));
    expect(await told(await token({ sub: "returns", iat: undefined }))).toEqual(all("AUTH_INVALID"));
  });

  it("as a token leaves the user's other tokens alone", async () => {
    const [one, two] = await Promise.all(["one", "two"].map((jti) => token({ sub: "both", jti })));
    const first = await relay.client(edges[1], undefined, { token: one ?? "" });
    const second = await relay.client(edges[1], undefined, { token: two ?? "" });
    expect((await revoke({ token: "one" })).status).toBe(200);
    await eventually(() => !first.socket.connected, { timeoutMs: 1000 });
    expect(await told(one ?? "")).toEqual(all("AUTH_INVALID"));
    expect(await told(two ?? "")).toEqual(all("ok"));
    expect(second.socket.connected).toBe(true);
  });

  it("is known to an edge that starts later, and stored without a name that a user chose", async () => {
    const mine = await token({ sub: "earlier" });
    await revoke({ user: "earlier" });
    const later = await relay.start();
    for (const [, enter] of endpoints) expect(await enter(later, mine)).toBe("AUTH_INVALID");
    const stored = (await relay.dump()).get(KEYS.revoked.pattern) ?? "";
    expect(stored).toContain("user:");
    expect(stored + relay.logged.join()).not.toContain("earlier");
    expect(await relay.store.redis.pttl(KEYS.revoked.pattern)).toBeGreaterThan(31_000_000_000);
  });
});

describe("the pages of the admin port", () => {
  it.each([
    ["without a token", {}, 401],
    ["with another", { authorization: "Bearer wrong" }, 401],
    ["with the token in another way", { authorization: ADMIN_TOKEN }, 401],
  ])("are refused %s", async (_name, headers, status) => {
    for (const path of ["/v1/revocations", "/elsewhere"]) {
      expect((await admin(path, { method: "POST", headers, body: '{"user":"x"}' })).status).toBe(status);
    }
    expect((await admin("/metrics", { headers })).status).toBe(200);
  });

  it.each<[string, object | string, number]>([
    ["both", { user: "x", token: "y" }, 400],
    ["neither", {}, 400],
    ["an empty user", { user: "" }, 400],
    ["a user that is a number", { user: 7 }, 400],
    ["no JSON", "user=x", 400],
    ["too much", { user: "x".repeat(5000) }, 413],
  ])("refuse %s", async (_name, body, status) => {
    const begunAt = Date.now();
    expect((await revoke(body)).status).toBe(status);
    // Only revocations since `begunAt` are counted: after Redis was flushed, the edges may have stored those of earlier
    // tests again.
    expect(await relay.store.redis.zcount(KEYS.revoked.pattern, begunAt, "+inf")).toBe(0);
  });

  it("do not exist without ADMIN_TOKEN", async () => {
    const port = await freePort();
    await relay.start({ ADMIN_TOKEN: "", ADMIN_PORT: String(port) });
    const headers = { authorization: "Bearer " };
    const response = await fetch(`http://127.0.0.1:${port}/v1/revocations`, { method: "POST", headers, body: "{}" });
    expect(response.status).toBe(404);
  });
});

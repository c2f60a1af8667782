import { TOKEN_BYTES } from "@docrelay/protocol";
import { exportJWK, exportSPKI, importJWK, SignJWT, type CryptoKey } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Edge } from "../src/edge.ts";
import { COOKIE, endpointsOf, LISTED, upgrade } from "./endpoints.ts";
import { useEdges } from "./fixture.ts";
import { createLoginKey, signWith, startLogin, type Login, type LoginKey } from "./login.ts";

const SECRETS = ["the new secret of thirty-two bytes at least", "the old secret of thirty-two bytes at least"];
const S = (): number => Math.floor(Date.now() / 1000);
const CLAIMS = { sub: "someone", iss: "https://login.test/", aud: "relay" };
const RULES = {
  AUTH_MODE: "jwt",
  JWT_ISSUER: CLAIMS.iss,
  JWT_AUDIENCE: CLAIMS.aud,
  JWT_COOKIE: COOKIE,
  CORS_ALLOWED_ORIGINS: LISTED,
};
const relay = useEdges({ count: 0, env: RULES });
const endpoints = endpointsOf(relay);

let login: Login;
let key: LoginKey;
const edges: Record<string, Edge> = {};
beforeAll(async () => {
  key = await createLoginKey("RS256", "first");
  login = await startLogin(key);
  edges["secret"] = await relay.start({ JWT_SECRET: SECRETS.join() });
  edges["keys"] = await relay.start({ JWT_JWKS_URL: login.url });
});
afterAll(() => login[Symbol.asyncDispose]());

type Make = (change?: object) => Promise<string>;
const bySecret =
  (secret = SECRETS[0]): Make =>
  (change) =>
    new SignJWT({ ...CLAIMS, exp: S() + 60, ...change })
      .setProtectedHeader({ alg: "HS256" })
      .sign(Buffer.from(secret ?? ""));
const byKey =
  (more = {}): Make =>
  (change) =>
    signWith({ ...key, ...more }, { ...CLAIMS, exp: S() + 60, ...change });
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
const unsigned = (alg: string): string => `${encode({ alg, typ: "JWT" })}.${encode({ ...CLAIMS, exp: S() + 60 })}.`;

const good: Record<string, Array<[string, () => Promise<string>]>> = {
  secret: [
    ["of the new secret", bySecret()],
    ["of the old secret", bySecret(SECRETS[1])],
  ],
  keys: [["of a published key", byKey()]],
};
/** Tokens that every edge must refuse; `make` signs claims in the way that the edge under test accepts. */
const wrongClaims = (make: Make): Array<[string, () => Promise<string | undefined>, string?]> => [
  ["none", async () => undefined, "AUTH_REQUIRED"],
  ["garbage", async () => "nonsense"],
  ["dots", async () => ".."],
  ["alg none", async () => unsigned("none")],
  ["no signature", async () => unsigned("HS256")],
  ["expired", () => make({ exp: S() - 1 }), "AUTH_EXPIRED"],
  ["not yet valid", () => make({ nbf: S() + 60 })],
  ["another issuer", () => make({ iss: "https://evil.test/" })],
  ["another audience", () => make({ aud: "elsewhere" })],
  ["no sub", () => make({ sub: undefined })],
  ["no end", () => make({ exp: undefined })],
  ["too long", () => make({ more: "x".repeat(TOKEN_BYTES) })],
  ["a changed user", async () => swapClaims(await make(), { ...CLAIMS, sub: "admin", exp: S() + 60 })],
];
const wrong: Record<string, Array<[string, () => Promise<string | undefined>, string?]>> = {
  secret: [
    ...wrongClaims(bySecret()),
    ["another secret", bySecret("another secret of thirty-two bytes or so...")],
    [
      "another algorithm",
      () =>
        new SignJWT({ ...CLAIMS, exp: S() + 60 })
          .setProtectedHeader({ alg: "HS512" })
          .sign(Buffer.from((SECRETS[0] ?? "").repeat(2))),
    ],
    ["a public key's algorithm", byKey()],
  ],
  keys: [
    ...wrongClaims(byKey()),
    ["another key", async () => byKey({ privateKey: (await createLoginKey("RS256")).privateKey })()],
    ["an unknown kid", byKey({ kid: "unknown" })],
    ["another algorithm of the key", async () => byKey({ alg: "PS256", privateKey: await keyFor("PS256") })()],
    [
      "the public key as a secret",
      async () => bySecret(await exportSPKI((await importJWK(key.published, "RS256")) as CryptoKey))(),
    ],
  ],
};

function swapClaims(token: string, claims: object): string {
  const [header, , signature] = token.split(".");
  return [header, encode(claims), signature].join(".");
}
/** Returns the private key that belongs to the published key, imported for signing with another algorithm. */
async function keyFor(alg: string): Promise<CryptoKey> {
  return (await importJWK(await exportJWK(key.privateKey), alg)) as CryptoKey;
}

describe.each(["secret", "keys"])("with the login's %s", (kind) => {
  const edge = (): Edge => edges[kind] as Edge;

  describe.each(good[kind] ?? [])("a token %s", (_, make) => {
    it.each(endpoints)("is taken by %s", async (_endpoint, enter) =>
      expect(await enter(edge(), await make())).toBe("ok"),
    );
  });

  it.each(wrong[kind] ?? [])("%s is refused at every endpoint", async (_, make, code = "AUTH_INVALID") => {
    const token = await make();
    const told = await Promise.all(endpoints.map(async ([name, enter]) => [name, await enter(edge(), token)]));
    expect(told).toEqual(endpoints.map(([name]) => [name, code]));
  });

  it("refreshes a living socket, for the same user only", async () => {
    const make = kind === "secret" ? bySecret() : byKey();
    const client = await relay.client(edge(), undefined, { token: await make() });
    expect(client.welcome.user).toBe(CLAIMS.sub);
    const exp = S() + 3600;
    expect(await client.send("auth:refresh", { token: await make({ exp }) })).toMatchObject({ expiresAt: exp * 1000 });
    for (const [name, wrongToken, code = "AUTH_INVALID"] of wrong[kind] ?? []) {
      const token = await wrongToken();
      const told = await client.send("auth:refresh", { token });
      expect([name, told.error?.code]).toEqual([name, token === undefined ? "BAD_MESSAGE" : code]);
    }
    const other = await client.send("auth:refresh", { token: await make({ sub: "another" }) });
    expect(other.error?.code).toBe("FORBIDDEN");
    expect(client.socket.connected).toBe(true);
  });

  it("gives no session, and needs a login instead", async () => {
    const session = await fetch(`http://127.0.0.1:${edge().port}/v1/session`, { method: "POST" });
    expect([session.status, await session.json()]).toMatchObject([403, { error: { code: "FORBIDDEN" } }]);
  });
});

it("reads the cookie for pages of a listed origin alone, and nowhere else", async () => {
  const edge = edges["secret"] as Edge;
  const cookie = `${COOKIE}=${await bySecret()()}`;
  expect(await upgrade(edge, { cookie, origin: LISTED })).toBe("ok");
  expect(await upgrade(edge, { cookie })).toBe("AUTH_REQUIRED");
  expect(await upgrade(edge, { cookie, origin: `http://127.0.0.1:${edge.port}` })).toBe("AUTH_REQUIRED");
  expect(await upgrade(edge, { cookie, origin: "https://evil.test" })).toBe("ORIGIN_DENIED");
  expect(await upgrade(edge, { cookie: `x${cookie}`, origin: LISTED })).toBe("AUTH_REQUIRED");
  const asked = await fetch(`http://127.0.0.1:${edge.port}/v1/conversations`, { headers: { cookie, origin: LISTED } });
  expect(asked.status).toBe(401);
});

it("keeps two users of one login apart, and the same user together on every endpoint", async () => {
  const edge = edges["secret"] as Edge;
  const [mine, others] = await Promise.all([bySecret()(), bySecret()({ sub: "another" })]);
  const client = await relay.client(edge, undefined, { token: mine });
  expect(await client.ask("q")).toMatchObject({ ok: true });
  const list = async (token: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`http://127.0.0.1:${edge.port}/v1/conversations`, { headers })).json();
  };
  expect(await list(mine)).toMatchObject({ conversations: [{ id: "talk" }] });
  expect(await list(others)).toMatchObject({ conversations: [] });
});

import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Edge } from "../src/edge.ts";
import { endpointsOf, upgrade } from "./endpoints.ts";
import { useEdges } from "./fixture.ts";
import { createLoginKey, signWith, startLogin, type Login, type LoginKey } from "./login.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/auth.md"), "utf8");
const SECRET = "a secret of the login of thirty-two bytes at least";
const relay = useEdges({ count: 0 });
const endpoints = endpointsOf(relay).filter(([name]) => !name.includes("cookie"));

let login: Login;
let rsa: LoginKey;
let ec: LoginKey;
beforeAll(async () => {
  [rsa, ec] = await Promise.all([createLoginKey("RS256", "kc-1"), createLoginKey("ES256", "2026-01")]);
  login = await startLogin(rsa, ec);
  const { publicKey } = await generateKeyPair("RSA-OAEP");
  login.others.push({ ...(await exportJWK(publicKey)), use: "enc", alg: "RSA-OAEP", kid: "kc-enc" });
});
afterAll(() => login[Symbol.asyncDispose]());

/**
 * Returns the settings of a recipe in docs/auth.md; values that each reader must fill in are replaced by those of this
 * test.
 */
function settingsOf(recipe: string): Record<string, string> {
  const block = new RegExp(`^### ${recipe.replaceAll(".", "\\.")}\n\n\`\`\`ini\n(.*?)\`\`\``, "ms").exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/auth.md has no recipe for ${recipe}`);
  const lines = block
    .trim()
    .split("\n")
    .map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    });
  const own = { JWT_SECRET: SECRET, JWT_JWKS_URL: login.url };
  return Object.fromEntries(lines.map(([name, value]) => [name, name in own ? own[name as keyof typeof own] : value]));
}

const now = Math.floor(Date.now() / 1000);
const times = { iat: now, exp: now + 600 };
const own = { iss: "https://app.example", aud: "docrelay", ...times };
const byName = { name: "A. Person", email: "person@app.example", email_verified: true };
const hs256 = (claims: JWTPayload): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(Buffer.from(SECRET));
const keycloak = {
  iss: "https://keycloak.example/realms/staff",
  sub: "f3c0a1de-4a43-4a2c-9d0f-0c6f3a7b1c55",
  typ: "Bearer",
  azp: "page",
  sid: "0b9c0a31",
  jti: "onrtac:5f1b",
  acr: "1",
  scope: "openid email profile",
  realm_access: { roles: ["offline_access", "default-roles-staff"] },
  resource_access: { account: { roles: ["view-profile"] } },
  ...byName,
  ...times,
};
const auth0 = {
  iss: "https://staff.eu.auth0.com/",
  sub: "auth0|6509c1f2a0",
  aud: ["https://docrelay.example", "https://staff.eu.auth0.com/userinfo"],
  azp: "aBcD1234",
  scope: "openid profile",
  org_id: "org_9ybsU1dN2dKfDkBi",
  ...times,
};

/**
 * For each recipe: how its framework makes a token that an edge must accept, and a token for another purpose, which an
 * edge must refuse.
 */
const RECIPES: Array<[name: string, user: string, good: () => Promise<string>, other: () => Promise<string>]> = [
  [
    "Django",
    "42",
    () => hs256({ sub: "42", jti: "6e2b", ...own }),
    () => hs256({ token_type: "access", user_id: "42", jti: "6e2b", ...own }),
  ],
  ["Express", "u-7", () => hs256({ sub: "u-7", ...own }), () => hs256({ sub: "u-7", ...times })],
  [
    "Next.js",
    "cm1x2",
    () => signWith(ec, { sub: "cm1x2", ...own }),
    () => signWith(ec, { sub: "cm1x2", ...own, aud: "https://app.example" }),
  ],
  [
    "Keycloak",
    keycloak.sub,
    () => signWith(rsa, { ...keycloak, aud: ["docrelay", "account"] }, { typ: "JWT" }),
    () => signWith(rsa, { ...keycloak, aud: "account" }, { typ: "JWT" }),
  ],
  [
    "Auth0",
    auth0.sub,
    () => signWith(rsa, auth0, { typ: "at+jwt" }),
    () => signWith(rsa, { ...auth0, iss: "https://staff.eu.auth0.com" }, { typ: "at+jwt" }),
  ],
];

describe.each(RECIPES)("the recipe for %s", (recipe, user, good, other) => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await relay.start(settingsOf(recipe));
  });

  it("lets its users in at every endpoint, and nobody with a token for another purpose", async () => {
    const client = await relay.client(edge, undefined, { token: await good() });
    expect(client.welcome.user).toBe(user);
    const [goodToken, otherToken] = await Promise.all([good(), other()]);
    for (const [name, enter] of endpoints) {
      expect([name, await enter(edge, goodToken)]).toEqual([name, "ok"]);
      expect([name, await enter(edge, otherToken)]).toEqual([name, "AUTH_INVALID"]);
    }
  });
});

it("the recipe for Django lets an old front end in by its cookie", async () => {
  const settings = settingsOf("Django");
  const edge = await relay.start(settings);
  const cookie = `sessionid=x; ${settings["JWT_COOKIE"]}=${await hs256({ sub: "42", ...own })}`;
  const origin = settings["CORS_ALLOWED_ORIGINS"] ?? "";
  expect(await upgrade(edge, { cookie, origin })).toBe("ok");
  expect(await upgrade(edge, { cookie, origin: "https://evil.example" })).toBe("ORIGIN_DENIED");
});

it("every recipe of the page is tried", () => {
  const recipes = page.slice(page.indexOf("## Recipes")).matchAll(/^### (.*)$/gm);
  expect([...recipes].map(([, name]) => name)).toEqual(RECIPES.map(([name]) => name));
});

import { freePort } from "@docrelay/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Edge } from "../src/edge.ts";
import { endpointsOf } from "./endpoints.ts";
import { useEdges } from "./fixture.ts";
import { startProvider, type Provider } from "./provider.ts";

const CLIENT = { id: "docrelay", secret: "the-client's-secret" };
const ADMIN_TOKEN = "the-token-of-the-operator";
const relay = useEdges({ count: 0 });
const endpoints = endpointsOf(relay).filter(([name]) => !name.includes("cookie"));
let provider: Provider;
let edge: Edge;
let adminPort: number;
let base: string;
beforeAll(async () => {
  provider = await startProvider(CLIENT);
  const port = await freePort();
  adminPort = await freePort();
  base = `http://127.0.0.1:${port}`;
  edge = await relay.start({
    AUTH_MODE: "oidc",
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: CLIENT.id,
    OIDC_CLIENT_SECRET: CLIENT.secret,
    OIDC_REDIRECT_URL: `${base}/v1/login/callback`,
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    ADMIN_TOKEN,
  });
});
afterAll(() => provider[Symbol.asyncDispose]());
beforeEach(() => {
  provider.claims = { sub: "person-1" };
});

/** Makes a browser that keeps cookies and does not follow redirects by itself. */
function browser(): { go(path: string, method?: string): Promise<Response>; cookies: Map<string, string> } {
  const cookies = new Map<string, string>();
  return {
    cookies,
    async go(url, method = "GET") {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(new URL(url, `${base}/`), { method, redirect: "manual", headers: { cookie } });
      for (const set of response.headers.getSetCookie()) {
        const [name = "", value = ""] = set.split(";")[0]?.split("=") ?? [];
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
        expect(set).toMatch(/; Path=\/; HttpOnly; SameSite=Lax/);
      }
      return response;
    },
  };
}
const to = (response: Response): string => response.headers.get("location") ?? "";
const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { error?: { code: string } }).error?.code ?? `status ${response.status}`;

async function signIn(at = browser()): Promise<ReturnType<typeof browser>> {
  const issuer = await at.go("v1/login");
  expect(to(issuer).startsWith(`${provider.issuer}/authorize?`)).toBe(true);
  const back = await fetch(to(issuer), { redirect: "manual" });
  const done = await at.go(to(back));
  expect([done.status, to(done)]).toEqual([303, `${base}/`]);
  return at;
}

it("a browser is sent to the login, and comes back as the account's user, at every endpoint", async () => {
  const at = browser();
  const sent = await at.go("/");
  expect([sent.status, to(sent)]).toEqual([303, "v1/login"]);
  expect(await codeOf(await at.go("v1/session", "POST"))).toBe("AUTH_REQUIRED");
  await signIn(at);
  expect(to(await at.go("/"))).toBe("");
  const session = (await (await at.go("v1/session", "POST")).json()) as { token: string; user: string };
  expect(session.user).toBe("person-1");
  for (const [name, enter] of endpoints) {
    expect([name, await enter(edge, session.token)]).toEqual([name, "ok"]);
    expect([name, await enter(edge, undefined)]).toEqual([name, "AUTH_REQUIRED"]);
  }
  expect([...at.cookies.values()].join()).not.toContain("person-1");
});

it("a session is not prolonged by itself, only by the login", async () => {
  const at = await signIn();
  const { token } = (await (await at.go("v1/session", "POST")).json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect(await codeOf(await fetch(`${base}/v1/session`, { method: "POST", headers }))).toBe("AUTH_REQUIRED");
  const foreign = { method: "POST", headers: { origin: "https://evil.test" } };
  expect(await codeOf(await fetch(`${base}/v1/logout`, foreign))).toBe("ORIGIN_DENIED");
  expect((await at.go("v1/logout", "POST")).status).toBe(204);
  expect(await codeOf(await at.go("v1/session", "POST"))).toBe("AUTH_REQUIRED");
});

it("a login that another browser began, or that was changed on its way, is refused", async () => {
  const [mine, others] = [browser(), browser()];
  const back = await fetch(to(await others.go("v1/login")), { redirect: "manual" });
  expect(await codeOf(await mine.go(to(back)))).toBe("AUTH_INVALID");
  await mine.go("v1/login");
  expect(await codeOf(await mine.go(to(back)))).toBe("AUTH_INVALID"); // `state` is that of the other browser's login
  expect(await codeOf(await others.go(to(back).replace(/code=[^&]*/, "code=another")))).toBe("AUTH_INVALID");
  expect(await codeOf(await others.go("v1/login/callback?error=access_denied"))).toBe("AUTH_INVALID");
  expect(provider.granted).toBe(2); // two logins of earlier tests; those of this test were refused
});

it.each([
  ["of another issuer", { iss: "https://evil.test" }],
  ["for another client", { aud: "another" }],
  ["of another login", { nonce: "another" }],
  ["that has expired", { exp: 1 }],
  ["of nobody", { sub: undefined }],
  ["of a name that no user can have", { sub: "person\0" }],
])("an answer %s signs nobody in", async (_name, claims) => {
  const at = browser();
  provider.claims = { sub: "person-1", ...claims };
  const back = await fetch(to(await at.go("v1/login")), { redirect: "manual" });
  expect(await codeOf(await at.go(to(back)))).toBe("AUTH_INVALID");
  expect(at.cookies.has("docrelay-session")).toBe(false);
});

it("a cookie of another kind, or one that was changed, is none", async () => {
  const at = await signIn();
  const session = at.cookies.get("docrelay-session") ?? "";
  await at.go("v1/login");
  for (const value of [
    at.cookies.get("docrelay-login") ?? "",
    session.replace(/\.(.)(?=[^.]*$)/, (_all, first) => `.${first === "a" ? "b" : "a"}`),
    "",
    "x".repeat(5000),
  ]) {
    at.cookies.set("docrelay-session", value);
    expect([value, await codeOf(await at.go("v1/session", "POST"))]).toEqual([value, "AUTH_REQUIRED"]);
  }
});

it("a user who is revoked has to sign in again", async () => {
  const at = await signIn();
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const body = JSON.stringify({ user: "person-1" });
  await fetch(`http://127.0.0.1:${adminPort}/v1/revocations`, { method: "POST", headers, body });
  expect(await codeOf(await at.go("v1/session", "POST"))).toBe("AUTH_REQUIRED");
  expect(to(await at.go("/"))).toBe("v1/login");
});

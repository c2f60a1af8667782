import { refuse, type Session } from "@docrelay/protocol";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as openid from "openid-client";
import type { Identity } from "../auth/authenticator.ts";
import { originAllowed, type Origins } from "../auth/origin.ts";
import { subjectOf } from "../auth/verify-token.ts";
import type { Cookies } from "./cookies.ts";

export interface LoginSettings {
  /** The URL of the OpenID issuer, which lists its endpoints under `/.well-known/openid-configuration`. */
  readonly issuer: string;
  readonly clientId: string;
  /**
   * The secret of docrelay as a client of the issuer; if undefined, docrelay is a public client, and only PKCE protects
   * the login.
   */
  readonly clientSecret: string | undefined;
  readonly scope: string;
  /** The URL `…/v1/login/callback` as browsers reach it, and as it is registered with the issuer. */
  readonly redirectUrl: string;
  /** How long a user stays signed in. */
  readonly ttlMs: number;
}

export interface LoginDeps extends LoginSettings {
  /** The origins whose pages may sign users out, besides the edge's own. */
  readonly origins: Origins;
  readonly cookies: Cookies;
  /**
   * Issues a session of docrelay to a user. A session ends earlier than the login, so the page fetches a new session
   * again and again. Each time, the login must still be valid.
   */
  issue(user: string): Promise<Session>;
  /** Whether the user was revoked since signing in: then the user has to sign in again. */
  isRevoked(identity: Identity): boolean;
  onTrouble(error: unknown): void;
}

/** Sign-in of the page by OpenID Connect: the code flow with PKCE. The page itself gets no token of the issuer. */
export interface Login {
  /**
   * Responds to `/v1/login`, `/v1/login/callback` and `/v1/logout`; resolves to false for any other path. @throws
   * Refusal
   */
  answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** Issues a session for the user of the request's cookie. @throws Refusal `AUTH_REQUIRED` */
  session(request: IncomingMessage): Promise<Session>;
  /** Whether the request has no valid cookie of a signed-in user. */
  isMissing(request: IncomingMessage): Promise<boolean>;
}

const LOGIN_MS = 600_000;
const AWAY = { retryAfterMs: 5000, message: "The login cannot be reached. Try again shortly." };

export function createLogin(deps: LoginDeps): Login {
  const { cookies, onTrouble } = deps;
  let discovered: Promise<openid.Configuration> | undefined;

  /**
   * Returns the issuer's configuration. The first call fetches it; if that fails, the next call tries again. @throws
   * Refusal `BUSY`
   */
  function issuer(): Promise<openid.Configuration> {
    discovered ??= discover(deps).catch((error: unknown) => {
      discovered = undefined;
      onTrouble(error);
      throw refuse("BUSY", AWAY);
    });
    return discovered;
  }

  return {
    isMissing: async (request) => (await userOf(deps, request)) === undefined,
    async session(request) {
      const user = await userOf(deps, request);
      if (user === undefined) throw refuse("AUTH_REQUIRED");
      return deps.issue(user);
    },
    async answer(path, request, response) {
      if (path === "/v1/login" && request.method === "GET") await begin(deps, await issuer(), response);
      else if (path === "/v1/login/callback" && request.method === "GET") await finish(deps, issuer, request, response);
      else if (path === "/v1/logout" && request.method === "POST") {
        if (!originAllowed(request.headers, deps.origins)) throw refuse("ORIGIN_DENIED");
        response.writeHead(204, { "set-cookie": cookies.clear("session") }).end();
      } else return false;
      return true;
    },
  };
}

/** Begins a login: redirects the browser to the issuer. */
async function begin(
  { cookies, redirectUrl, scope }: LoginDeps,
  config: openid.Configuration,
  response: ServerResponse,
): Promise<void> {
  const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
  const to = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUrl,
    scope,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  redirect(response, to.href, [await cookies.set("login", { verifier, state, nonce }, LOGIN_MS)]);
}

/** Finishes a login: the issuer has redirected the browser back. */
async function finish(
  { cookies, redirectUrl, ttlMs, onTrouble }: LoginDeps,
  issuer: () => Promise<openid.Configuration>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const begun = await cookies.read("login", request);
  if (!begun) throw refuse("AUTH_INVALID", { message: "The login took too long. Open the page again." });
  const url = new URL(redirectUrl);
  url.search = (request.url ?? "").split("?")[1] ?? "";
  const config = await issuer();
  const tokens = await openid
    .authorizationCodeGrant(config, url, {
      pkceCodeVerifier: String(begun["verifier"]),
      expectedState: String(begun["state"]),
      expectedNonce: String(begun["nonce"]),
      idTokenExpected: true,
    })
    .catch((error: unknown) => {
      onTrouble(error);
      throw refuse("AUTH_INVALID", { message: "The login was refused. Open the page again." });
    });
  const user = subjectOf({ ...tokens.claims() });
  const set = [cookies.clear("login"), await cookies.set("session", { user }, ttlMs)];
  redirect(response, new URL("../../", redirectUrl).href, set);
}

/** Returns the user of a valid login cookie; undefined if there is none. */
async function userOf({ cookies, isRevoked }: LoginDeps, request: IncomingMessage): Promise<string | undefined> {
  const { user, iat = 0, exp = 0 } = (await cookies.read("session", request)) ?? {};
  if (typeof user !== "string") return undefined;
  return isRevoked({ user, issuedAt: iat, expiresAt: exp * 1000 }) ? undefined : user;
}

function discover({ issuer, clientId, clientSecret }: LoginSettings): Promise<openid.Configuration> {
  const url = new URL(issuer);
  const auth = clientSecret === undefined ? openid.None() : openid.ClientSecretPost(clientSecret);
  // An operator who sets an `http:` URL has an issuer on this machine or in a private network, without a certificate.
  // Only for such a URL is a connection without TLS allowed.
  const execute = url.protocol === "http:" ? [openid.allowInsecureRequests] : [];
  return openid.discovery(url, clientId, undefined, auth, { execute, timeout: 5 });
}

function redirect(response: ServerResponse, location: string, cookies: readonly string[]): void {
  response.writeHead(303, { location, "set-cookie": [...cookies], "cache-control": "no-store" }).end();
}

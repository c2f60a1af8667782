import { logAtMostOnceASecond, untilReply, type Logger } from "@docrelay/platform";
import type { Store, RedisSubscriber } from "@docrelay/channel";
import { refuse, type Session } from "@docrelay/protocol";
import { createAnonymousAuthenticator, type Authenticator } from "./authenticator.ts";
import { createJwtAuthenticator } from "./jwt-authenticator.ts";
import { createRemoteKeys, REMOTE_ALGORITHMS, type RemoteKeys } from "./remote-keys.ts";
import { createRevocations, refusingRevoked, type Revocations } from "./revocations.ts";
import { shareSessionSecret, type SessionSecret } from "./session-secret.ts";

export interface AuthSettings {
  readonly AUTH_MODE: "anonymous" | "jwt" | "oidc";
  readonly SESSION_SECRET?: string | undefined;
  readonly SESSION_TTL_MS: number;
  readonly JWT_SECRET: readonly string[];
  readonly JWT_JWKS_URL?: string | undefined;
  readonly JWT_ISSUER: readonly string[];
  readonly JWT_AUDIENCE: readonly string[];
  readonly JWT_TENANT_CLAIM: string;
}

export interface OpenedAuthenticator {
  readonly authenticator: Authenticator;
  readonly revocations: Revocations;
  /** Issues sessions in the mode `oidc`; undefined in other modes. */
  readonly accounts: Accounts | undefined;
  /**
   * Reads the session secrets and revocations that edges share, and stores again those that Redis has lost. Must be
   * called after each reconnect.
   */
  resync(): Promise<void>;
  /**
   * Stores again what Redis has lost. Unlike `resync`, it is cheap enough to be called every two seconds, for a Redis
   * that loses keys while it stays connected. Resolves with whether Redis had lost something.
   */
  restore(): Promise<boolean>;
}

/** Issues sessions to users who have signed in through the page (`AUTH_MODE=oidc`). */
export interface Accounts {
  /** Returns the secrets of sessions, the newest first. */
  readonly secrets: () => readonly Uint8Array[];
  issue(user: string): Promise<Session>;
}

/**
 * How long the token of a signed-in user's session is valid. It is shorter than the login, so that a user who signs out
 * or is revoked soon loses access.
 */
const ACCOUNT_SESSION_MS = 600_000;

export interface AuthDeps {
  readonly store: Pick<Store, "redis" | "sealing">;
  readonly subscriber: RedisSubscriber;
  readonly log: Logger;
  readonly waitMs: number;
}

/** Opens the authenticator of `AUTH_MODE`. @throws ioredis errors when Redis does not respond within `waitMs`. */
export async function openAuthenticator(config: AuthSettings, deps: AuthDeps): Promise<OpenedAuthenticator> {
  const revocations = createRevocations(deps.store.redis, deps.subscriber);
  const { authenticator, accounts, sync } = await openMode(config, deps);
  await untilReply(() => revocations.resync(), deps.waitMs);
  return {
    authenticator: refusingRevoked(authenticator, revocations),
    revocations,
    accounts,
    async resync() {
      await Promise.all([sync(), revocations.resync()]);
    },
    async restore() {
      const [secret, revoked] = await Promise.all([sync(), revocations.restore()]);
      return secret || revoked;
    },
  };
}

async function openMode(
  config: AuthSettings,
  { store, log, waitMs }: AuthDeps,
): Promise<Pick<OpenedAuthenticator, "authenticator" | "accounts"> & Pick<SessionSecret, "sync">> {
  if (config.AUTH_MODE !== "jwt") {
    const secret = await untilReply(() => shareSessionSecret(store, config.SESSION_SECRET), waitMs);
    const signsIn = config.AUTH_MODE === "oidc";
    const ttlMs = signsIn ? ACCOUNT_SESSION_MS : config.SESSION_TTL_MS;
    const sessions = createAnonymousAuthenticator({ secrets: secret.all, ttlMs });
    const authenticator = signsIn ? withoutSessions(sessions) : sessions;
    const accounts = signsIn ? { secrets: secret.all, issue: (user: string) => sessions.issue(user) } : undefined;
    return { authenticator, accounts, sync: secret.sync };
  }
  const { JWT_SECRET, JWT_JWKS_URL, JWT_ISSUER: issuers, JWT_AUDIENCE: audiences } = config;
  if (issuers.length === 0)
    log.warn({ setting: "JWT_ISSUER" }, "not set: tokens of any issuer with these keys are valid");
  if (audiences.length === 0) log.warn({ setting: "JWT_AUDIENCE" }, "not set: tokens for other applications are valid");
  const secrets = JWT_SECRET.map((secret) => Buffer.from(secret));
  const signed =
    JWT_JWKS_URL === undefined
      ? { algorithms: ["HS256"], keysOf: () => secrets }
      : { algorithms: REMOTE_ALGORITHMS, keysOf: openKeys(JWT_JWKS_URL, log).keysOf };
  return {
    authenticator: createJwtAuthenticator({ ...signed, issuers, audiences, tenantClaim: config.JWT_TENANT_CLAIM }),
    accounts: undefined,
    sync: async () => false,
  };
}

/** Returns an authenticator that verifies tokens with `verify`, and issues no session: users must sign in. */
function withoutSessions({ verify }: Authenticator): Authenticator {
  return {
    verify,
    async issue() {
      throw refuse("FORBIDDEN", { message: "Sessions are for users who have signed in." });
    },
  };
}

/**
 * Begins to fetch the public keys of the operator's login system, so that they are there when the first token comes.
 * Nothing waits for them: an edge starts even if the login system does not respond.
 */
function openKeys(url: string, log: Logger): RemoteKeys {
  const logTrouble = logAtMostOnceASecond((_what, error, repeated) =>
    log.warn({ repeated, reason: reasonOf(error) }, "the login's keys could not be fetched"),
  );
  const keys = createRemoteKeys({ url, onTrouble: (error) => logTrouble("keys", error) });
  void keys.load();
  return keys;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

import {
  choice,
  dataKeys,
  integer,
  list,
  LOG_LEVELS,
  parseEnvWithRedis,
  redisSettings,
  secretList,
  storageRules,
  storageSettings,
  url,
  tracingSettings,
  type Env,
  type LogLevel,
  type Parsed,
  type RedisServer,
} from "@docrelay/platform";
import { DEFAULT_LIMITS } from "@docrelay/protocol";
import { BlockList, isIP } from "node:net";
import * as z from "zod";
import { authProblems } from "./auth/auth-settings.ts";
import { normalOrigin } from "./auth/origin.ts";

const YEAR_MS = 31_536_000_000;
const GIB = 1_073_741_824;
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[?::1\]?|localhost)$/;

/** Accepts the name of a cookie, as RFC 6265 defines it. */
const cookieName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, "must be the name of a cookie");

const authMode = z.enum(["anonymous", "jwt", "oidc"], {
  error: "must be chosen: anonymous (anybody may ask), jwt (your login gives tokens) or oidc (the page signs in)",
});

const origins = list().transform((items, context) =>
  items.map((item) => {
    const origin = normalOrigin(item);
    if (origin === undefined)
      context.addIssue({ code: "custom", message: "must be a comma list of origins such as https://app.example" });
    return origin ?? "";
  }),
);

const proxies = list().transform((items, context) => {
  const trusted = new BlockList();
  for (const item of items) {
    if (!addTo(trusted, item))
      context.addIssue({ code: "custom", message: "must be a comma list of addresses or CIDR ranges" });
  }
  return trusted;
});

function addTo(trusted: BlockList, item: string): boolean {
  const [address = "", bits, ...more] = item.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  const family = version === 6 ? "ipv6" : "ipv4";
  const longest = version === 6 ? 128 : 32;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest)) return false;
  if (bits === undefined) trusted.addAddress(address, family);
  else trusted.addSubnet(address, Number(bits), family);
  return true;
}

/**
 * Every setting of an edge. Operators rely on the names and defaults: a changed name or default breaks their set-ups.
 */
export const schema = z
  .object({
    PORT: integer({ min: 0, max: 65_535, default: 3000 }),
    HOST: z.string().default("127.0.0.1"),
    /** The port of metrics, health and the pages for operators; 0 = off. */
    ADMIN_PORT: integer({ min: 0, max: 65_535, default: 0 }),
    /**
     * The token that operators need for all pages of the admin port except metrics and health. Without this setting,
     * the port serves only metrics and health.
     */
    ADMIN_TOKEN: z.string().regex(/^\S+$/, "must have no blanks").optional(),
    /**
     * The address on which a balancer publishes this edge; the compose file sets it. If it is a loopback address,
     * AUTH_MODE defaults to `anonymous`.
     */
    BIND: z.string().optional(),
    ...tracingSettings,
    ...redisSettings,
    AUTH_MODE: authMode,
    SESSION_SECRET: z
      .string()
      .refine((secret) => Buffer.byteLength(secret) >= 32, "must have at least 32 bytes")
      .optional(),
    DATA_KEY: dataKeys(),
    SESSION_TTL_MS: integer({ min: 1000, max: YEAR_MS, default: 604_800_000 }),
    /** How long a link to a conversation lasts; 0 = conversations are not shared, and earlier links open nothing. */
    SHARE_TTL_MS: integer({ min: 0, max: YEAR_MS, default: 0 }),
    /**
     * Secrets with which the operator's login system signs tokens (HS256). A token signed with any of them is valid. To
     * change the secret, add the new one, and remove the old one when its tokens have expired.
     */
    JWT_SECRET: secretList(),
    JWT_JWKS_URL: url(["https:", "http:"]).optional(),
    JWT_ISSUER: list(),
    JWT_AUDIENCE: list(),
    JWT_TENANT_CLAIM: z.string().default("tenant"),
    /**
     * The name of a cookie that may hold the user's token. It is read on `/ws/chat` only, and only for pages of an
     * origin in `CORS_ALLOWED_ORIGINS`, because a browser also sends cookies with requests of other sites' pages.
     */
    JWT_COOKIE: cookieName.optional(),
    OIDC_ISSUER: url(["https:", "http:"]).optional(),
    OIDC_CLIENT_ID: z.string().optional(),
    /**
     * The secret of docrelay as a client of the issuer. Without this setting docrelay is a public client, and only PKCE
     * protects the login.
     */
    OIDC_CLIENT_SECRET: z.string().optional(),
    OIDC_SCOPE: z.string().default("openid"),
    OIDC_REDIRECT_URL: url(["https:", "http:"])
      .refine((text) => !URL.canParse(text) || new URL(text).pathname.endsWith("/v1/login/callback"), {
        error: "must end with /v1/login/callback",
      })
      .optional(),
    CORS_ALLOWED_ORIGINS: origins,
    /** Origins whose pages may show this server's page in a frame. */
    FRAME_ANCESTORS: origins,
    /**
     * `polling` needs a balancer that sends each client to the same edge (by a cookie); `websocket` alone works behind
     * any balancer.
     */
    TRANSPORTS: choice(["websocket", "websocket,polling"], "websocket"),
    ASK_DEADLINE_MS: integer({ min: 1000, max: 86_400_000, default: 300_000 }),
    ...storageSettings,
    TEXT_SCOPE: choice(["user", "tenant", "all"], "user"),
    MAX_FILE_BYTES: integer({ min: 1024, max: 268_435_456, default: DEFAULT_LIMITS.fileBytes }),
    MAX_FILES_PER_ASK: integer({ min: 1, max: 10, default: DEFAULT_LIMITS.filesPerAsk }),
    MAX_PAGES: integer({ min: 1, max: 100_000, default: DEFAULT_LIMITS.pagesPerFile }),
    MAX_MESSAGE_CHARS: integer({ min: 1, max: 1_000_000, default: DEFAULT_LIMITS.messageChars }),
    MAX_INLINE_BYTES: integer({ min: 1024, max: 16_777_216, default: DEFAULT_LIMITS.inlineFileBytes }),
    CHUNK_BYTES: integer({ min: 1024, max: 524_288, default: DEFAULT_LIMITS.chunkBytes }),
    MAX_ASKS_IN_FLIGHT: integer({ min: 1, max: 1000, default: DEFAULT_LIMITS.asksInFlight }),
    /**
     * How many asks one user may send to one edge per second; a user with connections to two edges may send twice as
     * many.
     */
    ASKS_PER_SECOND: integer({ min: 1, max: 10_000, default: 5 }),
    /** How many asks a user may send to one edge at once; 0 = as many as `ASKS_PER_SECOND` allows in four seconds. */
    ASKS_BURST: integer({ min: 0, max: 100_000, default: 0 }),
    /** How many connections one user may open to one edge per second. */
    CONNECTS_PER_SECOND: integer({ min: 1, max: 10_000, default: 5 }),
    CONNECTS_BURST: integer({ min: 1, max: 100_000, default: 60 }),
    /** The most connections of one user, on all edges together. */
    MAX_CONNECTIONS_PER_USER: integer({ min: 1, max: 100_000, default: 50 }),
    MAX_USER_BLOB_BYTES: integer({ min: 1024, max: 1024 * GIB, default: 268_435_456 }),
    MAX_CONNECTIONS: integer({ min: 1, max: 1_000_000, default: 20_000 }),
    MAX_QUEUED_ASKS: integer({ min: 1, max: 10_000_000, default: 10_000 }),
    MAX_BLOB_BYTES: integer({ min: 1024, max: 1024 * GIB, default: 2 * GIB }),
    MAX_SOCKET_BUFFER_BYTES: integer({ min: 16_384, max: GIB, default: 1_048_576 }),
    /** How many anonymous sessions one network may begin on one edge per minute; 0 = any number. */
    SESSIONS_PER_MINUTE: integer({ min: 0, max: 1_000_000, default: 0 }),
    TRUSTED_PROXIES: proxies,
    /**
     * All users of one network together may use as much as this many single users; 0 = no bound. The default is 8 for
     * an edge with anonymous sessions that other machines can reach.
     */
    USERS_PER_ADDRESS: integer({ min: 0, max: 100_000, default: 0 }),
    /** All users of one tenant together may use as much as this many single users; 0 = no bound. */
    USERS_PER_TENANT: integer({ min: 0, max: 1_000_000, default: 0 }),
    /**
     * The most bytes of one user's questions that are kept within `RETENTION_MS`. Each ask counts as 4 KiB more, for
     * its answer.
     */
    MAX_USER_LOG_BYTES: integer({ min: 65_536, max: 1024 * GIB, default: 67_108_864 }),
    MAX_CONVERSATION_EVENTS: integer({ min: 100, max: 1_000_000, default: 5000 }),
    MAX_CONVERSATION_BYTES: integer({ min: 65_536, max: GIB, default: 8_000_000 }),
    RETENTION_MS: integer({ min: 1000, max: YEAR_MS, default: 86_400_000 }),
    /**
     * How long a stopping edge reports "not ready" before it closes sockets. The edge skips this delay if no balancer
     * checks its readiness.
     */
    DRAIN_DELAY_MS: integer({ min: 0, max: 60_000, default: 3000 }),
    /** The time over which a stopping edge spreads the closing of its connections. */
    DRAIN_SPREAD_MS: integer({ min: 0, max: 60_000, default: 1500 }),
    OPENS_AT_ONCE: integer({ min: 1, max: 10_000, default: 64 }),
    UPLOADS_AT_ONCE: integer({ min: 1, max: 1000, default: 4 }),
    /**
     * The time between two pings of a connection. A connection that does not answer a ping is ended 20 s later
     * (Socket.IO), or at the time of the next ping (`/ws/chat`).
     */
    PING_INTERVAL_MS: integer({ min: 1000, max: 300_000, default: 25_000 }),
    /**
     * How long an idle HTTP connection is kept open. It must be longer than the idle timeout of a balancer in front, so
     * that the balancer closes first: a request on a connection that the edge has just closed would fail.
     */
    HTTP_KEEP_ALIVE_MS: integer({ min: 1000, max: 600_000, default: 65_000 }),
    /**
     * How long one command of Redis may take. The default is below a second, so that clients get an error within a
     * second if Redis is silent.
     */
    EDGE_REDIS_TIMEOUT_MS: integer({ min: 50, max: 60_000, default: 700 }),
    LOG_LEVEL: choice<LogLevel>(LOG_LEVELS, "info"),
    /** Whether the log lines of feedback contain the words that users wrote. */
    LOG_FEEDBACK_WORDS: choice(["false", "true"], "false"),
  })
  .check(...storageRules);
export interface Config extends z.output<typeof schema> {
  /**
   * Whether only this machine can reach the edge: the address that clients connect to (`HOST`, or `BIND` behind a
   * balancer) is a loopback address, and no trusted proxies are set.
   */
  readonly ONLY_LOCAL: boolean;
  readonly redis: RedisServer;
}

/**
 * Defaults for an edge with anonymous sessions that other machines reach. They bound what one network may use, because
 * one client of such an edge may become any number of users.
 */
const OPEN = { USERS_PER_ADDRESS: "8", SESSIONS_PER_MINUTE: "60" };

export function readConfig(env: Env): Parsed<Config> {
  const { BIND, HOST = "127.0.0.1", TRUSTED_PROXIES } = env;
  const alone = LOOPBACK.test(BIND ?? "") && !env["AUTH_MODE"];
  const isOpen = BIND ? !LOOPBACK.test(BIND) : !LOOPBACK.test(HOST) || Boolean(TRUSTED_PROXIES);
  const isAnonymous = alone || env["AUTH_MODE"] === "anonymous";
  const more = { ...(isOpen && isAnonymous ? OPEN : {}), ...(alone ? { AUTH_MODE: "anonymous" } : {}) };
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = parseEnvWithRedis(schema, { ...more, ...given });
  const problems = [...(parsed.ok ? [] : parsed.problems), ...authProblems(given)];
  if (!parsed.ok || problems.length > 0) return { ok: false, problems };
  return { ok: true, config: { ...parsed.config, ONLY_LOCAL: !isOpen } };
}

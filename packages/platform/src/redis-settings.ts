import { readFileSync } from "node:fs";
import * as z from "zod";
import { choice, integer, list, parseEnv, redisUrl, seedsOf, type Env, type Parsed } from "./config.ts";

/** The address of a Redis, and the user that connects to it. This object holds secrets: never log it. */
export interface RedisServer {
  /**
   * `redis://`, `rediss://` or `unix:/path`. A user name or password in the URL is used instead of those in the fields
   * below.
   */
  readonly url?: string | undefined;
  /** The sentinels that name the current master; set instead of `url`. */
  readonly sentinel?: RedisSentinel | undefined;
  /** Some nodes of a cluster; set instead of `url`. User name, password and `tls` are the same for all nodes. */
  readonly cluster?: { readonly seeds: readonly RedisAddress[] } | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates and key, as PEM texts. If undefined, `rediss://` uses the certificate authorities of the system. */
  readonly tls?: RedisTls | undefined;
}
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}
export interface RedisSentinel {
  readonly servers: readonly RedisAddress[];
  readonly name: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export type Durability = "single" | "replicated";

/** The settings of every process that connects to Redis. */
export const redisSettings = {
  /** The URL of Redis; with `REDIS_CLUSTER`, a comma list of some nodes of the cluster. */
  REDIS_URL: redisUrl().optional(),
  /** Over how many slots of a cluster the queue of extractions is spread. */
  QUEUE_SHARDS: integer({ min: 1, max: 64, default: 1 }),
  REDIS_CLUSTER: z.enum(["true", "false"], { error: "must be true or false" }).default("false"),
  /** The addresses of the sentinels, each `host:port`, separated by commas. */
  REDIS_SENTINELS: list(),
  REDIS_SENTINEL_NAME: z.string().optional(),
  REDIS_SENTINEL_USERNAME: z.string().optional(),
  REDIS_SENTINEL_PASSWORD: z.string().optional(),
  REDIS_USERNAME: z.string().optional(),
  REDIS_PASSWORD: z.string().optional(),
  REDIS_PASSWORD_FILE: z.string().optional(),
  REDIS_TLS_CA: z.string().optional(),
  REDIS_TLS_CERT: z.string().optional(),
  REDIS_TLS_KEY: z.string().optional(),
  /** When a write is acknowledged. `single`: when the master has it. `replicated`: only when a replica has it, too. */
  DURABILITY: choice<Durability>(["single", "replicated"], "single"),
};

type Settings = z.output<z.ZodObject<typeof redisSettings>>;
type ServerSettings = Omit<Settings, "DURABILITY"> & Partial<Pick<Settings, "DURABILITY">>;

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const NO_FILE = "names a file that cannot be read";
const SEVERAL = "REDIS_URL names several servers: set REDIS_CLUSTER=true, if they are nodes of a cluster";
const MISSING = "REDIS_URL is missing: where is Redis? (redis://host:6379, or REDIS_SENTINELS)";

/**
 * Parses settings as `parseEnv` does. `schema` includes {@link redisSettings}. The result also has the Redis server
 * that the settings name.
 */
export function parseEnvWithRedis<S extends z.ZodType<object>>(
  schema: S,
  env: Env,
): Parsed<z.output<S> & { readonly redis: RedisServer }> {
  const parsed = parseEnv(schema, env);
  const settings = parseEnv(z.object(redisSettings), env);
  // If single Redis settings have problems, these are already among the problems of the whole schema.
  const redis = settings.ok ? readRedisServer(settings.config) : undefined;
  const problems = [...(redis?.ok === false ? redis.problems : []), ...(parsed.ok ? [] : parsed.problems)];
  if (!parsed.ok || !redis?.ok) return { ok: false, problems };
  return { ok: true, config: { ...parsed.config, redis: redis.config } };
}

/**
 * Returns the Redis server that the settings name, with the contents of the files that they name; or one sentence for
 * each problem.
 */
export function readRedisServer(settings: ServerSettings): Parsed<RedisServer> {
  const problems: string[] = [];
  const read = (
    name: "REDIS_PASSWORD_FILE" | "REDIS_TLS_CA" | "REDIS_TLS_CERT" | "REDIS_TLS_KEY",
  ): string | undefined => {
    const path = settings[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, "utf8");
    } catch {
      problems.push(`${name} ${NO_FILE}`);
      return undefined;
    }
  };
  const { REDIS_URL: url, REDIS_USERNAME: username, REDIS_PASSWORD, REDIS_PASSWORD_FILE } = settings;
  if (REDIS_PASSWORD !== undefined && REDIS_PASSWORD_FILE !== undefined)
    problems.push("REDIS_PASSWORD and REDIS_PASSWORD_FILE are both set: set one of them");
  const password = REDIS_PASSWORD ?? read("REDIS_PASSWORD_FILE")?.replace(/\r?\n$/, "");
  if (username !== undefined && password === undefined) problems.push("REDIS_USERNAME needs a REDIS_PASSWORD");
  const [ca, cert, key] = [read("REDIS_TLS_CA"), read("REDIS_TLS_CERT"), read("REDIS_TLS_KEY")];
  if ((cert === undefined) !== (key === undefined)) problems.push("REDIS_TLS_CERT and REDIS_TLS_KEY need each other");
  const tls = (ca ?? cert) ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : undefined;
  const sentinel = readSentinel(settings, problems);
  if (sentinel ? url !== undefined : url === undefined)
    problems.push(sentinel ? "REDIS_URL and REDIS_SENTINELS are both set: set one of them" : MISSING);
  if (tls && url !== undefined && !url.startsWith("rediss:"))
    problems.push("REDIS_TLS_* needs a REDIS_URL of rediss://");
  const cluster = settings.REDIS_CLUSTER === "true" ? readCluster(settings, problems) : undefined;
  if (settings.REDIS_CLUSTER === "false" && isList(url)) problems.push(SEVERAL);
  if (problems.length > 0) return { ok: false, problems };
  // User name and password in a URL are used instead of those in the settings, as with a single server.
  const config = cluster
    ? { username, password, ...cluster, tls: tls ?? cluster.tls }
    : { url, sentinel, username, password, tls };
  return { ok: true, config };
}

/** Whether the setting is a list of URLs. A comma alone does not show that, because a password may have a comma. */
function isList(url: string | undefined): boolean {
  return (
    url?.includes(",") === true && (!/^(rediss?|unix):/.test(url) || !URL.canParse(url) || /,\s*rediss?:\/\//.test(url))
  );
}

function readCluster(
  { REDIS_URL: text, REDIS_SENTINELS, DURABILITY }: ServerSettings,
  problems: string[],
): Pick<RedisServer, "cluster" | "username" | "password" | "tls"> | undefined {
  if (REDIS_SENTINELS.length > 0) problems.push("REDIS_CLUSTER and REDIS_SENTINELS are both set: set one of them");
  if (DURABILITY === "replicated")
    problems.push("DURABILITY=replicated is not supported with REDIS_CLUSTER yet: leave one of them out");
  if (text === undefined) return undefined;
  if (text.startsWith("unix:")) {
    problems.push("REDIS_CLUSTER needs a REDIS_URL of redis:// or rediss://: nodes are reached by host and port");
    return undefined;
  }
  const urls = seedsOf(text).map((one) => new URL(one));
  if (new Set(urls.map(({ protocol }) => protocol)).size > 1)
    problems.push("REDIS_URL names nodes with and without TLS: they must be all redis:// or all rediss://");
  const seeds = urls.map(({ hostname, port }) => ({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? REDIS_PORT : Number(port),
  }));
  const own = urls.find(({ password }) => password !== "");
  return {
    cluster: { seeds },
    ...(own && { password: decodeURIComponent(own.password) }),
    ...(own && own.username !== "" && { username: decodeURIComponent(own.username) }),
    ...(urls[0]?.protocol === "rediss:" && { tls: {} }),
  };
}

function readSentinel(settings: ServerSettings, problems: string[]): RedisSentinel | undefined {
  const { REDIS_SENTINELS: items, REDIS_SENTINEL_NAME: name } = settings;
  if (items.length === 0) {
    if (name !== undefined) problems.push("REDIS_SENTINEL_NAME needs REDIS_SENTINELS");
    return undefined;
  }
  if (name === undefined) problems.push("REDIS_SENTINEL_NAME is missing: which master do the sentinels watch?");
  const servers = items.map((item) => hostAndPort(item));
  if (servers.includes(undefined)) problems.push("REDIS_SENTINELS must be a comma list of host:port");
  return {
    servers: servers.filter((server) => server !== undefined),
    name: name ?? "",
    username: settings.REDIS_SENTINEL_USERNAME,
    password: settings.REDIS_SENTINEL_PASSWORD,
  };
}

/** Parses `host`, `host:port` or `[v6]:port`. */
function hostAndPort(text: string): { host: string; port: number } | undefined {
  const [, v6, name, port = String(SENTINEL_PORT)] =
    /^(?:\[([\da-f:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = v6 ?? name;
  return host === undefined || Number(port) > 65_535 || port === "0" ? undefined : { host, port: Number(port) };
}

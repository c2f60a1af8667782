import { BEAT_CHANNEL, CANCEL_CHANNEL, DELETED_CHANNEL, FORGET_CHANNEL } from "./keys.ts";

/** The role of a process. `deploy/redis` has a Redis user for each role, with only the rights that the role needs. */
export type RedisRole = "edge" | "ask" | "extract";

/**
 * A kind of key (a pattern with `*` for the id of a test), and Lua that uses such a key as the role does. The Lua
 * returns its argument.
 */
export type KeyTry = readonly [pattern: string, lua: string];

/** The keys and channels of a role, which the self-test tries. */
export interface Tries {
  readonly keys: readonly KeyTry[];
  /** Kinds of channels to which the role both publishes and subscribes. */
  readonly hears: readonly string[];
  /** Kinds of channels to which the role only publishes. */
  readonly tells: readonly string[];
  /** Plain channels to which the role subscribes. */
  readonly subscribes: readonly string[];
}

/** Lua that tests whether the role may write a key. Returns the value that it wrote. */
const WRITES = `redis.call('HSET', KEYS[1], 'test', ARGV[1])
redis.call('PEXPIRE', KEYS[1], 60000)
local read = redis.call('HGET', KEYS[1], 'test')
redis.call('DEL', KEYS[1])
return read`;
/**
 * Returns Lua that makes these calls and so tests whether the role may make them. Each item of `calls` has the
 * arguments of one `redis.call`. The test leaves nothing behind: its id names no existing key or field, and a key that
 * it creates expires after 1 ms.
 */
const only = (...calls: readonly string[]): string =>
  [...calls.map((call) => `redis.call(${call})`), "return ARGV[1]"].join("\n");
const EXISTS = only("'EXISTS', KEYS[1]");

const USED: KeyTry = ["{s00}:*:used", only("'HINCRBY', KEYS[1], 'pages', 0", "'PEXPIRE', KEYS[1], 1")];

const ROOMS = "socket.io#/#c:self-test:*#";
const OWN = "docrelay:self-test:*";

const EDGE: Tries = {
  keys: [
    "{s00}:*",
    "blob:{*}",
    "retain:{*}",
    "same:*",
    "text:*",
    "uses:{text:*}",
    "gone:{text:*}",
    "wait:*",
    "pw:*",
    "{blobs}:*",
    "link:*",
    "secret:*",
    "edge:*",
    "{bull}:extract:*",
  ]
    .map((pattern): KeyTry => [pattern, WRITES])
    .concat([
      ["access:revoked", only("'ZREM', KEYS[1], ARGV[1]")],
      ["quotas", only("'HDEL', KEYS[1], ARGV[1]")],
    ]),
  hears: [ROOMS, OWN, "hint:self-test:*"],
  tells: [],
  subscribes: [BEAT_CHANNEL, DELETED_CHANNEL],
};
const ASK: Tries = {
  keys: [
    ...["{s00}:*", "text:*", "{bull}:extract:*"].map((pattern) => [pattern, WRITES] as const),
    ["blob:{*}", EXISTS],
    ["wait:*", only("'SREM', KEYS[1], ARGV[1]")],
    ["{blobs}:*", only("'HDEL', KEYS[1], ARGV[1]")],
    USED,
  ],
  hears: [OWN],
  tells: [ROOMS],
  subscribes: [BEAT_CHANNEL, FORGET_CHANNEL, CANCEL_CHANNEL],
};
/**
 * The extract role parses untrusted files, so it may not read conversations: only its queue, and the bytes and texts
 * that a job names.
 */
const EXTRACT: Tries = {
  keys: [
    ...["text:*", "{bull}:extract:*"].map((pattern) => [pattern, WRITES] as const),
    ["blob:{*}", only("'HKEYS', KEYS[1]", "'UNLINK', KEYS[1]")],
    ["retain:{*}", EXISTS],
    ["gone:{text:*}", EXISTS],
    ["uses:{text:*}", only("'ZRANGE', KEYS[1], -1, -1")],
    ["wait:*", only("'SPOP', KEYS[1], 1")],
    ...["pw:*", "same:*"].map((pattern): KeyTry => [pattern, only("'GET', KEYS[1]", "'DEL', KEYS[1]")]),
    ["{blobs}:*", only("'HDEL', KEYS[1], ARGV[1]")],
    ["{s00}:*:share", only("'HDEL', KEYS[1], ARGV[1]")],
    ["{s00}:*:extracting", only("'ZREM', KEYS[1], ARGV[1]")],
    USED,
  ],
  hears: [OWN],
  tells: [ROOMS, "hint:text:{self-test:*}"],
  subscribes: [BEAT_CHANNEL, FORGET_CHANNEL],
};
const TRIES: Readonly<Record<RedisRole, Tries>> = { edge: EDGE, ask: ASK, extract: EXTRACT };

/** Returns all keys and channels that a process with these roles tries, each of them once. */
export function triesOf(roles: readonly RedisRole[]): Tries {
  const all = roles.map((role) => TRIES[role]);
  const each = <T>(of: (tries: Tries) => readonly T[]): T[] => [...new Set(all.flatMap(of))];
  return {
    keys: each(({ keys }) => keys),
    hears: each(({ hears }) => hears),
    tells: each(({ tells }) => tells),
    subscribes: each(({ subscribes }) => subscribes),
  };
}

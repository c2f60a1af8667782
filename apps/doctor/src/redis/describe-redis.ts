import type { Finding } from "../part.ts";

/**
 * What the doctor has found out about a Redis. A value is undefined if the Redis user may not read it. Times are in ms.
 */
export interface RedisSeen {
  readonly version: string | undefined;
  readonly behindSentinel: boolean;
  /**
   * The number of masters in a cluster; undefined for a single server. In a cluster, the values about memory are those
   * of the master that is nearest to its limit.
   */
  readonly masters: number | undefined;
  readonly maxmemoryPolicy: string;
  /** How the append-only file is synced: `always`, `everysec`, `no` or `unknown`. */
  readonly aof: string;
  readonly maxmemoryBytes: number | undefined;
  readonly usedBytes: number | undefined;
  readonly evictedKeys: number | undefined;
  readonly replicas: number | undefined;
  /** The roles for which the rights of the Redis user were tested. */
  readonly roles: readonly string[];
  /**
   * What Redis has refused when the Redis user's rights were tested; undefined if the user has all that docrelay needs.
   */
  readonly refused: string | undefined;
  /** The median time of some round trips; `longestMs` is the longest time. */
  readonly medianMs: number;
  readonly longestMs: number;
  /** How far this machine's clock is ahead of Redis's clock, within the precision of a round trip. */
  readonly clockAheadMs: number;
  /** How many workers with the role `ask` have sent beats; `otherWorkers` is the number of other workers that have. */
  readonly askWorkers: number;
  readonly otherWorkers: number;
  readonly hasSessionSecret: boolean | undefined;
}

const SLOW_MS = 20;
const TOO_SLOW_MS = 200;
const CLOCK_MS = 2000;
const FULL = 0.85;

/** Turns the facts about a Redis into findings, which name what has to be changed. */
export function describeRedis(seen: RedisSeen): Finding[] {
  return [
    server(seen),
    ...rights(seen),
    policy(seen),
    durability(seen),
    ...memory(seen),
    ...latency(seen),
    clock(seen),
    workers(seen),
    ...secrets(seen),
  ];
}

const ok = (about: string, text: string): Finding => ({ level: "ok", about, text });
const note = (about: string, text: string): Finding => ({ level: "note", about, text });
const problem = (about: string, text: string): Finding => ({ level: "problem", about, text });

function server({ version, behindSentinel, masters, replicas }: RedisSeen): Finding {
  const what = version === undefined ? "it does not tell its version" : `version ${version}`;
  const single = behindSentinel ? "the master that the sentinels name" : "a single server";
  const mode = masters === undefined ? single : `a cluster of ${masters} master${masters === 1 ? "" : "s"}`;
  const copies = replicas ? `, with ${replicas} replica${replicas === 1 ? "" : "s"}` : "";
  return ok("server", `${what}, ${mode}${copies}`);
}

function rights({ refused, roles }: RedisSeen): Finding[] {
  if (refused !== undefined) return [problem("rights", refused)];
  return [ok("rights", `scripts, keys and channels of ${roles.join(", ")} work`)];
}

function policy({ maxmemoryPolicy: is }: RedisSeen): Finding {
  const unknown = "this user may not read maxmemory-policy: make sure that it is noeviction";
  if (is === "unknown") return note("eviction", unknown);
  if (is === "noeviction") return ok("eviction", "maxmemory-policy is noeviction");
  const text = `maxmemory-policy is ${is}: under memory pressure Redis drops conversations and secrets; set noeviction`;
  return problem("eviction", text);
}

function durability({ aof }: RedisSeen): Finding {
  if (aof === "always") return ok("durability", "appendfsync is always: what was acknowledged survives a power loss");
  if (aof === "no")
    return problem(
      "durability",
      "appendonly is no: a restart of Redis loses what was acknowledged; set appendonly yes",
    );
  if (aof === "unknown")
    return note("durability", "this user may not read appendonly and appendfsync: set yes and always");
  return note("durability", `appendfsync is ${aof}: a power loss may lose the last seconds; set always`);
}

function memory({ maxmemoryBytes: most, usedBytes: used, evictedKeys: evicted }: RedisSeen): Finding[] {
  const found: Finding[] = [];
  if (evicted) {
    const text = `${evicted} keys were evicted since its start: conversations, uploads or secrets are lost; raise maxmemory and set noeviction`;
    found.push(problem("evictions", text));
  }
  if (most === 0)
    found.push(
      note("memory", "maxmemory is not set: Redis takes all memory of its machine before it refuses writes; set it"),
    );
  if (most && used !== undefined && used >= most * FULL) {
    const text = `${Math.round((used / most) * 100)} % of maxmemory is used, and from 85 % on new asks and files are refused; raise maxmemory, or lower RETENTION_MS`;
    found.push(problem("memory", text));
  }
  return found;
}

function latency({ medianMs, longestMs }: RedisSeen): Finding[] {
  const text = `a round trip takes ${medianMs.toFixed(1)} ms, the longest of some ${longestMs.toFixed(1)} ms`;
  if (medianMs >= TOO_SLOW_MS)
    return [
      problem("latency", `${text}: too far away, or overloaded; commands of edges end after EDGE_REDIS_TIMEOUT_MS`),
    ];
  if (medianMs >= SLOW_MS) return [note("latency", `${text}: every step of an ask waits so long; put Redis nearer`)];
  return [ok("latency", text)];
}

function clock({ clockAheadMs: ahead }: RedisSeen): Finding {
  const by = `${(Math.abs(ahead) / 1000).toFixed(1)} s`;
  if (Math.abs(ahead) < CLOCK_MS) return ok("clock", `this machine and Redis agree within ${by}`);
  const text = `this machine's clock is ${by} ${ahead > 0 ? "ahead of" : "behind"} that of Redis: set both by NTP`;
  return problem("clock", text);
}

function workers({ askWorkers, otherWorkers }: RedisSeen): Finding {
  if (askWorkers > 0) return ok("workers", `${askWorkers} with the role ask, ${otherWorkers} without, are alive`);
  return note("workers", "none with the role ask is heard: asks are accepted, and none is answered until one runs");
}

function secrets({ hasSessionSecret: has }: RedisSeen): Finding[] {
  if (has === undefined) return [];
  if (has) return [ok("secrets", "edges without SESSION_SECRET share the one that is stored")];
  return [note("secrets", "none is stored: no edge without SESSION_SECRET has run here yet, or it was lost")];
}

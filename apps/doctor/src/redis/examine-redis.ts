import { createRoster, hearBeats, testRedis, type RedisRole } from "@docrelay/channel";
import { connectRedis, inspectRedis, PlatformError, type RedisFacts, type RedisServer } from "@docrelay/platform";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartReport } from "../part.ts";
import { describeRedis, type RedisSeen } from "./describe-redis.ts";

const WAIT_MS = 5000;
const COMMAND_MS = 2000;
const PINGS = 15;
/** A few beats of every worker. */
const LISTEN_MS = 700;
const ROLES: readonly RedisRole[] = ["edge", "ask", "extract"];

type Connection = ReturnType<typeof connectRedis>;

/** Looks at the Redis of the settings, as this user of it. */
export async function examineRedis(server: RedisServer): Promise<PartReport> {
  const connect = (purpose: "command" | "subscriber"): Connection =>
    connectRedis({ server, purpose, name: "docrelay-doctor", commandTimeoutMs: COMMAND_MS, onError: () => undefined });
  const [redis, subscriber] = [connect("command"), connect("subscriber")];
  const report = { part: "redis", address: addressOf(server), settings: {} };
  try {
    const facts = await inspectRedis(redis, WAIT_MS);
    const seen = await look({ redis, subscriber, server }, facts);
    return { ...report, findings: describeRedis(seen), facts: seen };
  } catch (error) {
    // Its errors hold no secret; others may.
    const text = error instanceof PlatformError ? error.message : "Redis fails: it does not do what it should";
    return { ...report, findings: [{ level: "problem", about: "connection", text }], facts: {} };
  } finally {
    redis.disconnect();
    subscriber.disconnect();
  }
}

async function look(
  { redis, subscriber, server }: { redis: Connection; subscriber: Connection; server: RedisServer },
  { version, maxmemoryPolicy, aof }: RedisFacts,
): Promise<RedisSeen> {
  const roles = ROLES.filter((role) => role === server.username);
  const tried = roles.length > 0 ? roles : ROLES;
  const refused = await testRedis({ redis, subscriber, id: randomUUID(), roles: tried }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const info = await redis.info().catch(() => "");
  const field = (name: string): number | undefined => {
    const text = new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  return {
    version,
    behindSentinel: server.sentinel !== undefined,
    maxmemoryPolicy,
    aof,
    maxmemoryBytes: field("maxmemory"),
    usedBytes: field("used_memory"),
    evictedKeys: field("evicted_keys"),
    replicas: field("connected_slaves"),
    roles: tried,
    refused,
    ...(await timesOf(redis)),
    ...(await hearWorkers(subscriber)),
    hasSessionSecret: await redis.exists("secret:session").then(
      (count) => count === 1,
      () => undefined,
    ),
  };
}

async function timesOf(redis: Connection): Promise<Pick<RedisSeen, "medianMs" | "longestMs" | "clockAheadMs">> {
  const tries: Array<{ ms: number; aheadMs: number }> = [];
  for (let ping = 0; ping < PINGS; ping++) {
    const [from, began] = [Date.now(), performance.now()];
    const [seconds, micros] = await redis.time();
    const ms = performance.now() - began;
    tries.push({ ms, aheadMs: from + ms / 2 - (Number(seconds) * 1000 + Number(micros) / 1000) });
  }
  tries.sort((a, b) => a.ms - b.ms);
  // The shortest round trip tells the most of the clock.
  return {
    medianMs: tries[Math.floor(PINGS / 2)]?.ms ?? 0,
    longestMs: tries.at(-1)?.ms ?? 0,
    clockAheadMs: Math.round(tries[0]?.aheadMs ?? 0),
  };
}

async function hearWorkers(subscriber: Connection): Promise<Pick<RedisSeen, "askWorkers" | "otherWorkers">> {
  const capacities = new Map<string, number>();
  try {
    await hearBeats(subscriber, createRoster(), ({ worker, capacity }) => capacities.set(worker, capacity));
    await sleep(LISTEN_MS);
  } catch {
    // A right is missing: that was said.
  }
  const askWorkers = [...capacities.values()].filter((capacity) => capacity > 0).length;
  return { askWorkers, otherWorkers: capacities.size - askWorkers };
}

/** Without user name and password. */
function addressOf({ url = "", sentinel }: RedisServer): string {
  if (sentinel) return `${sentinel.name} of ${sentinel.servers.map(({ host, port }) => `${host}:${port}`).join(", ")}`;
  if (url.startsWith("unix:")) return url;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

import {
  createRoster,
  hearBeats,
  testRedis,
  type RedisClient,
  type RedisRole,
  type RedisSubscriber,
} from "@docrelay/channel";
import {
  connectRedis,
  connectSubscriber,
  inspectRedis,
  mastersOf,
  PlatformError,
  type RedisFacts,
  type RedisServer,
} from "@docrelay/platform";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartReport } from "../part.ts";
import { describeRedis, type RedisSeen } from "./describe-redis.ts";

const WAIT_MS = 5000;
const COMMAND_MS = 2000;
const PINGS = 15;
/** For how many ms to listen to beats: every worker sends a few in this time. */
const LISTEN_MS = 700;
const ROLES: readonly RedisRole[] = ["edge", "ask", "extract"];

/** Examines the configured Redis with the configured user's rights. */
export async function examineRedis(server: RedisServer): Promise<PartReport> {
  const options = { server, name: "docrelay-doctor", onError: () => undefined };
  const redis = connectRedis({ ...options, purpose: "command", commandTimeoutMs: COMMAND_MS });
  const subscriber: RedisSubscriber = connectSubscriber(options);
  const report = { part: "redis", address: addressOf(server), settings: {} };
  try {
    const facts = await inspectRedis(redis, WAIT_MS);
    const seen = await look({ redis, subscriber, server }, facts);
    return { ...report, findings: describeRedis(seen), facts: seen };
  } catch (error) {
    // The message of a `PlatformError` contains no secret. The message of another error may contain one, so it is not
    // shown.
    const text = error instanceof PlatformError ? error.message : "Redis fails: it does not do what it should";
    return { ...report, findings: [{ level: "problem", about: "connection", text }], facts: {} };
  } finally {
    redis.disconnect();
    subscriber.disconnect();
  }
}

async function look(
  { redis, subscriber, server }: { redis: RedisClient; subscriber: RedisSubscriber; server: RedisServer },
  { version, maxmemoryPolicy, aof }: RedisFacts,
): Promise<RedisSeen> {
  const roles = ROLES.filter((role) => role === server.username);
  const tried = roles.length > 0 ? roles : ROLES;
  const refused = await testRedis({ redis, subscriber, id: randomUUID(), roles: tried }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const masters = mastersOf(redis);
  const infos = await Promise.all(masters.map((master) => master.info().catch(() => "")));
  const fields = (name: string): number[] =>
    infos.flatMap((info) => {
      const text = new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1];
      return text === undefined ? [] : [Number(text)];
    });
  const sum = (name: string): number | undefined =>
    fields(name).length > 0 ? fields(name).reduce((all, one) => all + one, 0) : undefined;
  // For a cluster these are the values of the master that is nearest to its memory limit.
  const [used, most] = [fields("used_memory"), fields("maxmemory")];
  const filled = most.map((limit, index) => (limit > 0 ? (used[index] ?? 0) / limit : 0));
  const fullest = Math.max(0, filled.indexOf(Math.max(...filled)));
  return {
    version,
    behindSentinel: server.sentinel !== undefined,
    masters: server.cluster ? masters.length : undefined,
    maxmemoryPolicy,
    aof,
    maxmemoryBytes: most.includes(0) ? 0 : most[fullest],
    usedBytes: used[fullest],
    evictedKeys: sum("evicted_keys"),
    replicas: sum("connected_slaves"),
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

async function timesOf(redis: RedisClient): Promise<Pick<RedisSeen, "medianMs" | "longestMs" | "clockAheadMs">> {
  const tries: Array<{ ms: number; aheadMs: number }> = [];
  for (let ping = 0; ping < PINGS; ping++) {
    const [from, began] = [Date.now(), performance.now()];
    const [seconds, micros] = await redis.time();
    const ms = performance.now() - began;
    tries.push({ ms, aheadMs: from + ms / 2 - (Number(seconds) * 1000 + Number(micros) / 1000) });
  }
  tries.sort((a, b) => a.ms - b.ms);
  // The shortest round trip gives the best estimate of the clock difference.
  return {
    medianMs: tries[Math.floor(PINGS / 2)]?.ms ?? 0,
    longestMs: tries.at(-1)?.ms ?? 0,
    clockAheadMs: Math.round(tries[0]?.aheadMs ?? 0),
  };
}

async function hearWorkers(subscriber: RedisSubscriber): Promise<Pick<RedisSeen, "askWorkers" | "otherWorkers">> {
  const capacities = new Map<string, number>();
  try {
    await hearBeats(subscriber, createRoster(), ({ worker, capacity }) => capacities.set(worker, capacity));
    await sleep(LISTEN_MS);
  } catch {
    // No worker can be heard: the Redis user lacks the right to subscribe, which another finding reports.
  }
  const askWorkers = [...capacities.values()].filter((capacity) => capacity > 0).length;
  return { askWorkers, otherWorkers: capacities.size - askWorkers };
}

/** Returns the address of Redis, without user name and password. */
function addressOf({ url = "", sentinel, cluster }: RedisServer): string {
  if (cluster) return cluster.seeds.map(({ host, port }) => `${host}:${port}`).join(", ");
  if (sentinel) return `${sentinel.name} of ${sentinel.servers.map(({ host, port }) => `${host}:${port}`).join(", ")}`;
  if (url.startsWith("unix:")) return url;
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

import type { RedisClient } from "../redis/client.ts";
import { hash } from "node:crypto";
import { exec } from "../redis/exec.ts";
import { KEYS } from "../redis/keys.ts";

/** What is revoked: all tokens of a user that were issued until now, or the one token with this `jti`. */
export type Revoked = { readonly user: string } | { readonly token: string };

/** `name`: a digest of the user or token. `at`: when it was revoked, in ms of Redis's clock. */
export interface Revocation {
  readonly name: string;
  readonly at: number;
}

/**
 * The channel, of plain PUBLISH, that announces revocations. Its messages are hints; the stored set of revocations
 * decides.
 */
export const REVOKED_CHANNEL = "docrelay:revoked";
/** How long a revocation is kept: a year. A token that is valid for more than a year is accepted again afterwards. */
export const REVOKED_MS = 31_622_400_000;
const WRITTEN_AT_ONCE = 1000;

/** Returns the name of a revocation: a digest, so that no text of a client is in Redis. */
export function revocationName(revoked: Revoked): string {
  const [kind, text] = "user" in revoked ? ["user", revoked.user] : ["token", revoked.token];
  return `${kind}:${hash("sha256", text, "base64url").slice(0, 22)}`;
}

/**
 * Stores a revocation, then notifies all edges. Idempotent: if the same is revoked twice, the later time counts. If the
 * hint fails, edges learn of the revocation only with their next {@link readRevocations}, so the error is thrown and
 * the caller tries again.
 * @throws ioredis errors
 */
export async function revoke(redis: RedisClient, revoked: Revoked): Promise<Revocation> {
  const [seconds, micros] = await redis.time();
  const revocation = { name: revocationName(revoked), at: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) };
  await writeRevocations(redis, [revocation]);
  await redis.publish(REVOKED_CHANNEL, JSON.stringify(revocation));
  return revocation;
}

/**
 * Stores revocations and removes expired ones. Edges also call it to restore revocations that Redis has lost.
 * Idempotent.
 */
export async function writeRevocations(redis: RedisClient, revocations: readonly Revocation[]): Promise<void> {
  const key = KEYS.revoked.pattern;
  for (let at = 0; at < revocations.length; at += WRITTEN_AT_ONCE) {
    const some = revocations.slice(at, at + WRITTEN_AT_ONCE);
    const newest = Math.max(...some.map((one) => one.at));
    const pipeline = redis.multi().zadd(key, "GT", ...some.flatMap((one) => [one.at, one.name]));
    await exec(pipeline.zremrangebyscore(key, "-inf", newest - REVOKED_MS).pexpire(key, REVOKED_MS));
  }
}

export async function readRevocations(redis: RedisClient): Promise<Revocation[]> {
  const flat = await redis.zrange(KEYS.revoked.pattern, "0", "-1", "WITHSCORES");
  const names = flat.filter((_, index) => index % 2 === 0);
  return names.map((name, index) => ({ name, at: Number(flat[index * 2 + 1]) }));
}

export async function hasRevocations(redis: RedisClient): Promise<boolean> {
  return (await redis.exists(KEYS.revoked.pattern)) === 1;
}

/** Parses a message of {@link REVOKED_CHANNEL}; undefined for any other message. */
export function parseRevocation(message: string): Revocation | undefined {
  try {
    const { name, at } = JSON.parse(message) as Partial<Revocation>;
    return typeof name === "string" && typeof at === "number" ? { name, at } : undefined;
  } catch {
    return undefined;
  }
}

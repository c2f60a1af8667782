import type { Redis } from "ioredis";
import { randomBytes } from "node:crypto";
import { KEYS } from "../redis/keys.ts";
import { ChannelError, type Store } from "../redis/store.ts";

/** The deployment's secret for digests and text keys: random, made by the first process, the same for all. */
export async function readSecret(store: Store): Promise<string> {
  return agree(store.redis, KEYS.digestSecret.pattern);
}

/**
 * The secret with which all edges sign sessions: the stored one, or `proposed` (by default a random one) where none is
 * stored. Idempotent.
 */
export async function readSessionSecret(redis: Redis, proposed?: string): Promise<string> {
  return agree(redis, KEYS.sessionSecret.pattern, proposed);
}

async function agree(
  redis: Redis,
  key: string,
  proposed: string = randomBytes(32).toString("base64url"),
): Promise<string> {
  await redis.set(key, proposed, "NX");
  const secret = await redis.get(key);
  if (!secret) throw new ChannelError("wrong-answer", `${key} vanished`);
  return secret;
}

/** Stores how extract workers extract (extractor version, engine, OCR, limits): part of every text key. */
export async function setProfile(store: Store, profile: string): Promise<void> {
  await store.redis.set(KEYS.profile.pattern, profile);
}
export async function readProfile(store: Store): Promise<string> {
  return (await store.redis.get(KEYS.profile.pattern)) ?? "";
}

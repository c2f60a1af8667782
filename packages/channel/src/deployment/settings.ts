import { randomBytes } from "node:crypto";
import { KEYS } from "../redis/keys.ts";
import { ChannelError, sealingOf, type Store } from "../redis/store.ts";
import { placeOfSecret } from "../sealing/places.ts";

/** The deployment's secret for digests and text keys: random, made by the first process, the same for all. */
export async function readSecret(store: Store): Promise<string> {
  return agree(store, KEYS.digestSecret.pattern);
}

/**
 * The secret with which all edges sign sessions: the stored one, or `proposed` (by default a random one) where none is
 * stored. Idempotent.
 */
export async function readSessionSecret(store: Pick<Store, "redis" | "sealing">, proposed?: string): Promise<string> {
  return agree(store, KEYS.sessionSecret.pattern, proposed);
}

async function agree(
  store: Pick<Store, "redis" | "sealing">,
  key: string,
  proposed: string = randomBytes(32).toString("base64url"),
): Promise<string> {
  const { redis } = store;
  const sealing = sealingOf(store);
  const seal = (secret: string): string => sealing.sealText(placeOfSecret(key), secret);
  await redis.set(key, seal(proposed), "NX");
  const stored = await redis.get(key);
  if (!stored) throw new ChannelError("wrong-answer", `${key} vanished`);
  const secret = sealing.unsealText(placeOfSecret(key), stored);
  // Secrets stay for ever: without this, the key that sealed them could never be taken out of DATA_KEY.
  if (!sealing.isCurrent(stored)) await redis.set(key, seal(secret), "XX");
  return secret;
}

/** Stores how extract workers extract (extractor version, engine, OCR, limits): part of every text key. */
export async function setProfile(store: Store, profile: string): Promise<void> {
  await store.redis.set(KEYS.profile.pattern, profile);
}
export async function readProfile(store: Store): Promise<string> {
  return (await store.redis.get(KEYS.profile.pattern)) ?? "";
}

import { KEYS } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";
import { shareSecret } from "./shared-secret.ts";

/**
 * Reads the deployment's secret for digests and text keys, which all processes share. If there is none, makes one at
 * random.
 */
export async function readSecret(store: Store): Promise<string> {
  return (await shareSecret(store, "digest")).current;
}

/**
 * Stores the profile of the extract workers (extractor version, engine, OCR, limits), which is part of every text key.
 */
export async function setProfile(store: Store, profile: string): Promise<void> {
  await store.redis.set(KEYS.profile.pattern, profile);
}
/** Stores the profile if none is stored, in case Redis has lost it. Resolves with whether it stored the profile. */
export async function restoreProfile(store: Store, profile: string): Promise<boolean> {
  return (await store.redis.set(KEYS.profile.pattern, profile, "NX")) !== null;
}
export async function readProfile(store: Store): Promise<string> {
  return (await store.redis.get(KEYS.profile.pattern)) ?? "";
}

import { KEYS } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";
import { shareSecret } from "./shared-secret.ts";

/** The deployment's secret for digests and text keys: random, made by the first process, the same for all. */
export async function readSecret(store: Store): Promise<string> {
  return (await shareSecret(store, "digest")).current;
}

/** Stores how extract workers extract (extractor version, engine, OCR, limits): part of every text key. */
export async function setProfile(store: Store, profile: string): Promise<void> {
  await store.redis.set(KEYS.profile.pattern, profile);
}
/** Stores it where none is stored: what a Redis that has lost it gets back. Resolves with whether it had. */
export async function restoreProfile(store: Store, profile: string): Promise<boolean> {
  return (await store.redis.set(KEYS.profile.pattern, profile, "NX")) !== null;
}
export async function readProfile(store: Store): Promise<string> {
  return (await store.redis.get(KEYS.profile.pattern)) ?? "";
}

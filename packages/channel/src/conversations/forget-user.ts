import { userAddress } from "../redis/address.ts";
import {
  conversationsKey,
  extractingKey,
  filesKey,
  keptKey,
  linksKey,
  liveKey,
  placesKey,
  shareKey,
  shareUntilKey,
  unfinishedKey,
  usedKey,
} from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";
import type { Budget } from "../usage/usage.ts";
import { endLinks } from "./links.ts";
import { ownUploads } from "../uploads/forget-uploads.ts";

/** The ids of all conversations in a user's index; some may have expired. */
export async function conversationIds(store: Store, user: string): Promise<string[]> {
  return store.redis.zrange(conversationsKey(userAddress(user)), "0", "-1");
}

/**
 * Removes what is kept of a user beside conversations and uploads: indexes and counters. Call it when those are removed.
 * Idempotent. False when a conversation or an upload has come meanwhile: remove that first. `isBounded`: what the user has used
 * today is counted until midnight, since a quota that ends with its user bounds nothing.
 */
export async function forgetUser(store: Store, user: string, isBounded = false): Promise<boolean> {
  const of = userAddress(user);
  const left = await store.redis.exists(conversationsKey(of), liveKey(of));
  if (left > 0 || (await ownUploads(store, user)).length > 0) return false;
  await endLinks(store, user);
  // Each edge writes the number of its own connections again with the next one that is opened or closed.
  const counters = [shareKey(of), shareUntilKey(of), unfinishedKey(of), extractingKey(of), placesKey(of)];
  const budgets = (["log", "files"] satisfies Budget[]).map((budget) => keptKey({ ...of, budget }));
  const today = isBounded ? [] : [usedKey(of)];
  await store.redis.unlink(filesKey(of), linksKey(of), ...counters, ...budgets, ...today);
  return true;
}

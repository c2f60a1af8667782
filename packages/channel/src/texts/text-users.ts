import { userOfHash, type UserAddress } from "../redis/address.ts";
import { FORGET_CHANNEL, goneKey, passwordKey, textKeyOf, usesKey, waitKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";

const USE = script({
  files: [CLOCK, lua(import.meta.url, "use-text.lua")],
  keys: ["outcome", "uses", "gone"],
  args: { user: "text", keepMs: "number" },
});
const FORGET = script({
  files: [CLOCK, lua(import.meta.url, "last-user.lua"), lua(import.meta.url, "forget-text.lua")],
  keys: ["outcome", "uses", "gone"],
  args: { user: "text", goneMs: "number" },
});
const DROP = script({ files: [lua(import.meta.url, "drop-forgotten.lua")], keys: ["outcome", "gone"] });

/**
 * For how many ms the mark `gone` stays. An extraction that runs while its text is forgotten must end within this time.
 */
const GONE_MS = 900_000;

/**
 * Records a user as a user of a text, and keeps the text, for the retention from now on. Nothing else renews a text: it
 * must not be kept for longer than the user's upload, because nobody could remove it then. So call it together with a
 * function that keeps the upload. Call it before you look for the text or its bytes.
 * Then a process that forgets the text either sees this user, or has removed the text before you look.
 */
export async function useText(store: Store, user: UserAddress, key: string): Promise<void> {
  await run(store.redis, USE, {
    keys: { outcome: textKeyOf(key), uses: usesKey(key), gone: goneKey(key) },
    args: { user: user.u, keepMs: store.retentionMs },
  });
}

export async function countTextUsers(store: Store, key: string): Promise<number> {
  return store.redis.zcard(usesKey(key));
}

/** Returns the user of a text who has used it last; undefined if there is none. */
export async function lastTextUser(store: Store, key: string): Promise<UserAddress | undefined> {
  const [u] = await store.redis.zrange(usesKey(key), "-1", "-1");
  return u === undefined ? undefined : userOfHash(u);
}

/**
 * Removes a user from the users of a text. After the last user, the text, its wait list and its password are removed,
 * and workers are told to drop the text and to end its extraction. Idempotent.
 */
export async function forgetText(store: Store, user: UserAddress, key: string): Promise<"gone" | "kept"> {
  const [status] = await run(store.redis, FORGET, {
    keys: { outcome: textKeyOf(key), uses: usesKey(key), gone: goneKey(key) },
    args: { user: user.u, goneMs: GONE_MS },
  });
  if (status !== "GONE") return "kept";
  await Promise.all([
    store.redis.unlink(waitKey(key)),
    store.redis.unlink(passwordKey(key)),
    store.redis.publish(FORGET_CHANNEL, key),
  ]);
  return "gone";
}

/**
 * Removes a text if its last user has deleted it during the extraction. Call it after the text is stored. Returns
 * whether the text was removed.
 */
export async function dropForgotten(store: Store, key: string): Promise<boolean> {
  const [status] = await run(store.redis, DROP, { keys: { outcome: textKeyOf(key), gone: goneKey(key) }, args: {} });
  return status === "GONE";
}

/** Whether all users of a text have deleted it, so that no extraction is needed. */
export async function isForgotten(store: Store, key: string): Promise<boolean> {
  return (await store.redis.exists(goneKey(key))) === 1;
}

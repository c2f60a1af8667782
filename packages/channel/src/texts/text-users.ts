import type { UserAddress } from "../redis/address.ts";
import { FORGET_CHANNEL, goneKey, passwordKey, textKeyOf, usesKey, waitKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";

const USE = script({
  files: [CLOCK, lua(import.meta.url, "use-text.lua")],
  keys: ["uses", "gone"],
  args: { user: "text", keepMs: "number" },
});
const FORGET = script({
  files: [CLOCK, lua(import.meta.url, "forget-text.lua")],
  keys: ["outcome", "uses", "gone"],
  args: { user: "text", goneMs: "number" },
});
const DROP = script({ files: [lua(import.meta.url, "drop-forgotten.lua")], keys: ["outcome", "gone"] });

/** An extraction that runs when its text is forgotten has ended after this time. */
const GONE_MS = 900_000;

/**
 * Counts a user as one who uses a text, for the retention from now on. Call it before you look for the text or for its
 * bytes: a process that forgets the text either sees this user, or has removed the text before that look.
 */
export async function useText(store: Store, user: UserAddress, key: string): Promise<void> {
  await run(store.redis, USE, {
    keys: { uses: usesKey(key), gone: goneKey(key) },
    args: { user: user.u, keepMs: store.retentionMs },
  });
}

/** How many users use a text. */
export async function countTextUsers(store: Store, key: string): Promise<number> {
  return store.redis.zcard(usesKey(key));
}

/**
 * Takes a user from those of a text. The text is removed after the last one, with its wait list and password, and workers
 * are told to forget it and to end its extraction. Idempotent.
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

/** Removes a text that was forgotten while it was extracted. Call it after the text is stored; whether it was so. */
export async function dropForgotten(store: Store, key: string): Promise<boolean> {
  const [status] = await run(store.redis, DROP, { keys: { outcome: textKeyOf(key), gone: goneKey(key) }, args: {} });
  return status === "GONE";
}

/** Whether all who wanted a text have given it up since, so that it need not be extracted. */
export async function isForgotten(store: Store, key: string): Promise<boolean> {
  return (await store.redis.exists(goneKey(key))) === 1;
}

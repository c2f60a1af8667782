import type { Event, EventOf } from "@docrelay/protocol";
import { askAddress, type ConversationAddress } from "../redis/address.ts";
import { logKey, recordKey } from "../redis/keys.ts";
import { runStep, step } from "./conversation-script.ts";
import { redisTime, sealingOf, type Store } from "../redis/store.ts";
import { readEvent } from "../sealing/sealed-event.ts";

/**
 * Finds the `accepted` event of an ask by the ask's id alone, whether the ask runs or has ended. Returns undefined when
 * the user has no such ask, when the ask is hidden, or when its events are no longer kept.
 */
export async function findAsk(store: Store, user: string, id: string): Promise<EventOf<"accepted"> | undefined> {
  const at = askAddress(user, "", id);
  const [c, seq, isHidden] = await store.redis.hmget(recordKey(at), "c", "seq", "hidden");
  if (!c || !seq || isHidden) return undefined;
  const [entry] = await store.redis.xrange(logKey({ ...at, c }), `${seq}-0`, `${seq}-0`);
  const json = entry?.[1][1];
  return json === undefined ? undefined : (readEvent(sealingOf(store), c, json) as EventOf<"accepted">);
}

const HIDE = step("hide.lua", { ask: "text" });

/** Hides an ask: {@link findAsk} no longer finds it by its id. Its events stay in the conversation. Idempotent. */
export async function hideAsk(store: Store, user: string, id: string): Promise<void> {
  const at = askAddress(user, "", id);
  await runStep(store, at, HIDE, { ask: at.a });
}

const ENTRIES_AT_ONCE = 200;

/**
 * Whether the log of a conversation still has the ask `id` although the ask's record has expired. This happens if the
 * conversation is in use for longer than the retention: then its events are kept for longer than the records of their
 * asks. Only events older than the retention are read.
 */
export async function hasOldAsk(store: Store, at: ConversationAddress, id: string): Promise<boolean> {
  const youngest = (await redisTime(store.redis)) - store.retentionMs;
  let from = "-";
  while (true) {
    const entries = await store.redis.xrange(logKey(at), from, "+", "COUNT", ENTRIES_AT_ONCE);
    for (const [key, [, json = "{}"]] of entries) {
      from = `(${key}`;
      const event = JSON.parse(json) as Event;
      if (event.at > youngest) return false;
      if (event.type === "accepted" && event.ask === id) return true;
    }
    if (entries.length < ENTRIES_AT_ONCE) return false;
  }
}

import type { EventOf } from "@docrelay/protocol";
import type { TakenAsk } from "./record.ts";
import { logKey } from "../redis/keys.ts";
import type { Store } from "../redis/store.ts";

/** An ask that was completed, as a later one may refer to it. */
export interface PastAsk {
  readonly message: string;
  /** Names. */
  readonly files: readonly string[];
  readonly text: string;
}

/** `replaces`: written by edges whose clients may edit a question. */
type Known = EventOf<"completed"> | (EventOf<"accepted"> & { readonly replaces?: string });

/** Most of a log are deltas. The type stands before any text of an event, so they are skipped without being parsed. */
const TYPE = /"type":"([a-z]+)"/;
const ENTRIES_AT_ONCE = 200;

/**
 * Reads the completed asks before `ask` in its conversation from the log, newest first, without those that another ask
 * replaced. The log is read only as far as the caller iterates; asks whose `accepted` is no longer kept are left out.
 */
export async function* pastAsks(store: Store, ask: TakenAsk): AsyncGenerator<PastAsk, void, void> {
  if (ask.seq <= 1) return;
  const replies = new Map<string, string>();
  const replaced = new Set<string>();
  // From the end: the ask may have been accepted before the one ahead of it was completed.
  let to = "+";
  while (true) {
    const entries = await store.redis.xrevrange(logKey(ask.address), to, "-", "COUNT", ENTRIES_AT_ONCE);
    for (const [id, [, json = ""]] of entries) {
      to = `(${id}`;
      const type = TYPE.exec(json)?.[1];
      if (type !== "accepted" && type !== "completed") continue;
      const event = JSON.parse(json) as Known;
      if (event.type === "completed") {
        replies.set(event.ask, event.text);
        continue;
      }
      // The ask that replaces another one comes after it in the log, and so is read before it.
      if (event.replaces !== undefined) replaced.add(event.replaces);
      const text = replies.get(event.ask);
      if (text === undefined || event.seq >= ask.seq || replaced.has(event.ask)) continue;
      yield { message: event.message, files: event.files.map(({ name }) => name), text };
    }
    if (entries.length < ENTRIES_AT_ONCE) return;
  }
}

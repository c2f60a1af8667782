import type { EventOf } from "@docrelay/protocol";
import type { TakenAsk } from "./record.ts";
import { logKey } from "../redis/keys.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { readEvent } from "../sealing/sealed-event.ts";

/** An ask that was completed, as a later one may refer to it. */
export interface PastAsk {
  readonly message: string;
  /** Names. */
  readonly files: readonly string[];
  readonly text: string;
}

type Known = EventOf<"completed" | "accepted">;

/** Most of a log are deltas. The type stands before any text of an event, so they are skipped without being parsed. */
const TYPE = /"type":"([a-z]+)"/;
const ENTRIES_AT_ONCE = 200;

/**
 * Reads the completed asks before `ask` in its conversation from the log, newest first. An ask that replaces another one
 * stands at that one's place, also `ask` itself; replaced asks are left out. The log is read only as far as the caller
 * iterates; asks whose `accepted` is no longer kept are left out.
 */
export async function* pastAsks(store: Store, ask: TakenAsk): AsyncGenerator<PastAsk, void, void> {
  if (ask.seq <= 1) return;
  const replies = new Map<string, string>();
  /** What stands in the place of asks that are still to be read: the newest of those that replace them; undefined for nothing to tell. */
  const standIns = new Map<string, PastAsk | undefined>();
  /** What is read next of the asks at whose place `ask` stands: only what comes before all of them is told. */
  let place: string | undefined = ask.id;
  for await (const event of acceptedAndCompleted(store, ask)) {
    if (event.type === "completed") {
      replies.set(event.ask, event.text);
      continue;
    }
    const { ask: id, replaces } = event;
    const told = standIns.has(id) ? standIns.get(id) : event.seq < ask.seq ? pastAsk(event, replies) : undefined;
    standIns.delete(id);
    if (place === id) place = replaces;
    // The ask that replaces another one comes after it in the log, and so is read before it.
    if (replaces !== undefined) standIns.set(replaces, standIns.has(replaces) ? standIns.get(replaces) : told);
    else if (told && place === undefined) yield told;
  }
  if (place !== undefined) return;
  for (const told of standIns.values()) if (told) yield told;
}

function pastAsk({ ask, message, files }: EventOf<"accepted">, replies: Map<string, string>): PastAsk | undefined {
  const text = replies.get(ask);
  return text === undefined ? undefined : { message, files: files.map(({ name }) => name), text };
}

/** From the end of the log: the ask may have been accepted before the one ahead of it was completed. */
async function* acceptedAndCompleted(store: Store, { address }: TakenAsk): AsyncGenerator<Known, void, void> {
  let to = "+";
  while (true) {
    const entries = await store.redis.xrevrange(logKey(address), to, "-", "COUNT", ENTRIES_AT_ONCE);
    for (const [id, [, json = ""]] of entries) {
      to = `(${id}`;
      const type = TYPE.exec(json)?.[1];
      if (type === "accepted" || type === "completed") yield readEvent(sealingOf(store), address.c, json) as Known;
    }
    if (entries.length < ENTRIES_AT_ONCE) return;
  }
}

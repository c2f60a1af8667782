import type { EventOf } from "@docrelay/protocol";
import type { TakenAsk } from "./record.ts";
import { logKey } from "../redis/keys.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { readEvent } from "../sealing/sealed-event.ts";

/** A completed ask of a conversation, whose question and answer go into the prompt of a later ask. */
export interface PastAsk {
  readonly message: string;
  /** The names of the ask's files. */
  readonly files: readonly string[];
  readonly text: string;
}

type Known = EventOf<"completed" | "accepted">;

/**
 * Matches the type of an event, which comes before any text of the event. So deltas, which are most of a log, are
 * skipped without being parsed.
 */
const TYPE = /"type":"([a-z]+)"/;
const ENTRIES_AT_ONCE = 200;

/**
 * Reads the completed asks before `ask` in its conversation from the log, newest first. An ask that replaces another
 * ask is returned at the place of the replaced ask, which is left out. If `ask` itself replaces another ask, only the
 * asks before the replaced one are returned. The log is read only as far as the caller iterates. Asks whose `accepted`
 * event is no longer kept are left out.
 */
export async function* pastAsks(store: Store, ask: TakenAsk): AsyncGenerator<PastAsk, void, void> {
  if (ask.seq <= 1) return;
  const replies = new Map<string, string>();
  /**
   * For each replaced ask that was not read yet: the newest of its replacements, which is returned in its place.
   * Undefined if that replacement did not complete or comes after `ask`: then nothing is returned in this place.
   */
  const standIns = new Map<string, PastAsk | undefined>();
  /**
   * The log is read backwards, and nothing is returned until the ask with the id `place` was read: first `ask` itself,
   * then the ask that it replaces, and so on. So only asks before `ask`, or before the ask that it replaces, are
   * returned. Undefined once all of these were read.
   */
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
    // A replacement comes after the replaced ask in the log, so reading backwards meets the replacement first.
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

/**
 * Reads the log backwards from its end. It does not begin at `ask`, because the ask before `ask` may have been
 * completed after `ask` was accepted.
 */
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

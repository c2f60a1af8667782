import { OPEN_MAX_BYTES, OPEN_MAX_EVENTS, type Event, type Position } from "@docrelay/protocol";
import { conversationAddress } from "../redis/address.ts";
import { logKey, metaKey } from "../redis/keys.ts";
import { lua, run, script } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { readEvent } from "../sealing/sealed-event.ts";
import { withPieces } from "./missing-pieces.ts";

const READ = script({
  files: [lua(import.meta.url, "read.lua")],
  keys: ["log", "meta"],
  args: { after: "text", nonce: "text", maxEvents: "number", maxBytes: "number" },
});

export type OpenedLog =
  /**
   * `first`: the seq of the oldest kept event. `head`: the position of the newest event. `bytes`: the size of the
   * events as they are stored.
   */
  | { kind: "opened"; events: Event[]; more: boolean; first: number; head: Position | null; bytes: number }
  /** The event of the given position is not in the log: it is no longer kept, or Redis lost it in a restart. */
  | { kind: "lost" };

/**
 * Reads a conversation's log after a position, or from the oldest kept event: at most 512 events, and at most 512 KiB.
 * A reader that also wants later events first subscribes, waits until Redis has confirmed the subscription, and then
 * reads. If the log grew beyond its limits, deltas of older answers were removed from it: with `holes` they are left
 * out, otherwise an empty delta is returned for each of them.
 */
export async function openLog(
  store: Store,
  user: string,
  conversation: string,
  { after, holes = false }: { after?: Position | undefined; holes?: boolean | undefined } = {},
): Promise<OpenedLog> {
  const at = conversationAddress(user, conversation);
  const reply = await run(store.redis, READ, {
    keys: { log: logKey(at), meta: metaKey(at) },
    args: {
      after: after ? after.seq : "",
      nonce: after?.nonce ?? "",
      maxEvents: OPEN_MAX_EVENTS,
      maxBytes: OPEN_MAX_BYTES,
    },
  });
  if (reply[0] === "LOST") return { kind: "lost" };
  const [, first, more, head, known, ...events] = reply;
  const sealing = sealingOf(store);
  const kept = events.map((json) => readEvent(sealing, at.c, String(json)));
  return {
    kind: "opened",
    events: holes ? kept : withPieces(kept, known ? (JSON.parse(String(known)) as Event) : undefined),
    more: more === 1,
    first: Number(first),
    head: head ? positionOf(JSON.parse(String(head)) as Event) : null,
    bytes: events.reduce<number>((sum, json) => sum + String(json).length, 0),
  };
}

/** Whether a conversation has events. */
export async function hasLog(store: Store, user: string, conversation: string): Promise<boolean> {
  return (await store.redis.exists(logKey(conversationAddress(user, conversation)))) === 1;
}

/**
 * Returns the position of the event with this seq; undefined when the log does not have the event any more, or does not
 * have it yet.
 */
export async function positionAt(
  store: Store,
  user: string,
  conversation: string,
  seq: number,
): Promise<Position | undefined> {
  const key = logKey(conversationAddress(user, conversation));
  const [entry] = await store.redis.xrange(key, `${seq}-0`, `${seq}-0`);
  const json = entry?.[1][1];
  return json === undefined ? undefined : positionOf(JSON.parse(json) as Event);
}

function positionOf({ seq, nonce }: Event): Position {
  return { seq, nonce };
}

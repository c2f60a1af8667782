import type { Event } from "@docrelay/protocol";
import type { Sealing } from "./sealing.ts";

/** What scripts and readers of a log need of an event; the rest is its content. */
type Head = { readonly conversation: string; readonly ask: string; readonly nonce: string };

const placeOf = (c: string, { ask, nonce }: Pick<Head, "ask" | "nonce">): string => `event ${c} ${ask} ${nonce}`;

/**
 * An event's JSON as it is stored, without what only a script knows. Ids, nonce and type stay readable, and `replaces`;
 * everything else is in `sealed` when data are encrypted. `c`: the hash of the conversation.
 */
export function sealEvent(sealing: Sealing, c: string, head: Head, body: object): string {
  if (!sealing.isOn) return JSON.stringify({ ...head, ...body });
  const { type, replaces, ...content } = body as { type?: string; replaces?: string };
  const sealed = sealing.sealText(placeOf(c, head), JSON.stringify(content));
  return JSON.stringify({ ...head, type, replaces, sealed });
}

/** Reads an event's JSON back. The relay's own scripts wrote it. @throws as {@link Sealing} says */
export function readEvent(sealing: Sealing, c: string, json: string): Event {
  return unsealEvent(sealing, c, JSON.parse(json) as Event);
}

/** The same for an event that is parsed already. */
export function unsealEvent(sealing: Sealing, c: string, event: Event & { readonly sealed?: unknown }): Event {
  if (typeof event.sealed !== "string") return event;
  const { sealed, ...head } = event;
  return { ...head, ...(JSON.parse(sealing.unsealText(placeOf(c, event), sealed)) as object) };
}

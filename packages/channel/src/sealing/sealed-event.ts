import { ChannelError } from "../channel-error.ts";
import type { Event } from "@docrelay/protocol";
import type { Sealing } from "./sealing.ts";

/**
 * Fields of an event that stay readable, as `type` and `replaces` do, because scripts and readers of a log need them.
 * The other fields are the event's content.
 */
type Head = { readonly conversation: string; readonly ask: string; readonly nonce: string };

const placeOf = (c: string, { ask, nonce }: Pick<Head, "ask" | "nonce">): string => `event ${c} ${ask} ${nonce}`;

/**
 * Returns an event's JSON as it is stored, without the fields that a script adds. When data are encrypted, ids, nonce,
 * type and `replaces` stay readable, and everything else is in `sealed`. `c`: the hash of the conversation.
 */
export function sealEvent(sealing: Sealing, c: string, head: Head, body: object): string {
  if (!sealing.isOn) return JSON.stringify({ ...head, ...body });
  const { type, replaces, ...content } = body as { type?: string; replaces?: string };
  const sealed = sealing.sealText(placeOf(c, head), JSON.stringify(content));
  return JSON.stringify({ ...head, type, replaces, sealed });
}

/**
 * Parses and decrypts an event's JSON from the log. @throws ChannelError `wrong-answer` for text that is no event, and
 * the errors of {@link Sealing}
 */
export function readEvent(sealing: Sealing, c: string, json: string): Event {
  const event = parse(json);
  if (!isEvent(event)) throw new ChannelError("wrong-answer", "an entry of the log is no event");
  return unsealEvent(sealing, c, event);
}

/** Whether a value has the fields that every event has. Its content is not checked. */
export function isEvent(value: unknown): value is Event {
  const { conversation, ask, nonce, type } = (value ?? {}) as Partial<Record<string, unknown>>;
  return [conversation, ask, nonce, type].every((field) => typeof field === "string");
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Does the same as {@link readEvent} for an event whose JSON is parsed already. */
export function unsealEvent(sealing: Sealing, c: string, event: Event & { readonly sealed?: unknown }): Event {
  if (typeof event.sealed !== "string") return event;
  const { sealed, ...head } = event;
  const content = parse(sealing.unsealText(placeOf(c, event), sealed));
  if (typeof content !== "object") throw new ChannelError("wrong-answer", "an entry of the log has no content");
  return { ...content, ...head };
}

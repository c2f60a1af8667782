import type { Event, Progress } from "@docrelay/protocol";
import type { ConversationAddress } from "../redis/address.ts";
import { conversationOf, roomOf } from "../redis/keys.ts";
import { isEvent, unsealEvent } from "../sealing/sealed-event.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";

/*
 * Encodes and parses the frame of @socket.io/redis-adapter 8.3.0 (sharded, dynamic), by which one edge broadcasts to a
 * room on another edge. docrelay's Lua publishes such frames, so the adapter delivers an event to the room without code
 * of docrelay on the hot path. The format is internal to the adapter, so the adapter's version is pinned, and a
 * contract test compares this module with a real edge. Source: dist/sharded-adapter.js (encode, onRawMessage) and
 * socket.io-adapter's ClusterAdapter.onMessage.
 */
const BROADCAST = 3;
const EVENT = 2;
/**
 * The sender's id in the published frames. An adapter ignores frames with its own id, and no adapter has the id
 * "relay".
 */
const UID = "relay";

/** Returns the two parts of a frame between which the event's JSON is put. */
export function frameAround(
  conversation: ConversationAddress,
  name: "event" | "progress",
): [head: string, tail: string] {
  const rooms = JSON.stringify([roomOf(conversation)]);
  return [
    `{"uid":"${UID}","nsp":"/","type":${BROADCAST},"data":{"packet":{"type":${EVENT},"data":["${name}",`,
    `],"nsp":"/"},"opts":{"rooms":${rooms},"except":[],"flags":{}}}}`,
  ];
}

export type Decoded = { name: "event"; event: Event } | { name: "progress"; progress: Progress };

/** A parsed frame, with the fields that the adapter reads. */
export interface Frame {
  readonly uid?: unknown;
  readonly data?: { readonly packet?: { data?: unknown }; readonly opts?: { readonly rooms?: unknown } };
}

/**
 * The text by which an encrypted event is recognised. A text inside an event cannot contain it, because quotation marks
 * inside a text are escaped.
 */
const SEALED = `"sealed":"`;
export const isSealed = (raw: string | Buffer): boolean => raw.includes(SEALED);

/** Parses a frame and decrypts its event; undefined when the frame is not JSON or cannot be decrypted. Never throws. */
export function parseFrame(raw: string | Buffer, sealing: Sealing): Frame | undefined {
  try {
    const frame = JSON.parse(raw.toString()) as Frame;
    const packet = frame.data?.packet;
    if (packet && isSealed(raw) && Array.isArray(packet.data) && packet.data[0] === "event") {
      const rooms = frame.data?.opts?.rooms as string[] | undefined;
      packet.data[1] = unsealEvent(sealing, conversationOf(rooms?.[0] ?? ""), packet.data[1] as Event);
    }
    return frame;
  } catch {
    return undefined; // a binary frame, or an event encrypted with an unknown key, which the reading of the log reports
  }
}

/**
 * Parses a frame into its event or progress, for readers without Socket.IO; undefined for any other message. Never
 * throws.
 */
export function decodeFrame(raw: string | Buffer, sealing: Sealing = createSealing()): Decoded | undefined {
  const frame = parseFrame(raw, sealing);
  const data = frame?.data?.packet?.data;
  if (frame?.uid !== UID || !Array.isArray(data)) return undefined;
  const [name, content] = data as unknown[];
  if (name === "event") return isEvent(content) ? { name, event: content } : undefined;
  return name === "progress" && isProgress(content) ? { name, progress: content } : undefined;
}

function isProgress(value: unknown): value is Progress {
  const { conversation, ask, stage } = (value ?? {}) as Partial<Record<string, unknown>>;
  return [conversation, ask, stage].every((field) => typeof field === "string");
}

import { isRecord } from "../wire/read.ts";

/* The wire format of Socket.IO 5 over Engine.IO 4, as far as this client and its server use it: one namespace, and
   bytes only from the client. Socket.IO's own library would be more than half of the code that a browser loads for
   this package. https://socket.io/docs/v4/socket-io-protocol/ */

/** A parsed Engine.IO text packet. The client responds to a `ping` with {@link PONG}. */
export type Packet =
  | { readonly type: "open"; readonly hello: unknown }
  | { readonly type: "ping" | "connected" | "disconnected" | "other" }
  | { readonly type: "refused"; readonly why: unknown }
  | { readonly type: "event"; readonly event: unknown; readonly payload: unknown }
  | { readonly type: "ack"; readonly id: number; readonly answer: unknown };

export const PONG = "3";
export const CLOSE = "1";
/** Matches a Socket.IO message: its type, an optional namespace, an optional id, and JSON. */
const MESSAGE = /^4([0-6])(?:\/[^,]*,)?(\d*)([^]*)$/;

/** Parses a packet. @throws SyntaxError when its format is invalid */
export function readPacket(packet: string): Packet {
  if (packet.startsWith("0")) return { type: "open", hello: JSON.parse(packet.slice(1)) };
  if (packet.startsWith("2")) return { type: "ping" };
  if (packet.startsWith(CLOSE)) return { type: "disconnected" };
  const [, kind = "", id = "", json = ""] = MESSAGE.exec(packet) ?? [];
  if (kind === "0") return { type: "connected" };
  if (kind === "1") return { type: "disconnected" };
  if (kind === "4") {
    const why: unknown = JSON.parse(json);
    return { type: "refused", why: isRecord(why) ? why["data"] : undefined };
  }
  if (kind !== "2" && kind !== "3") return { type: "other" };
  const content: unknown = JSON.parse(json);
  if (!Array.isArray(content)) throw new SyntaxError("the content of an event is no list");
  const [first, second] = content as unknown[];
  return kind === "2"
    ? { type: "event", event: first, payload: second }
    : { type: "ack", id: Number(id), answer: first };
}

/** Makes the packet with which the client joins the namespace. */
export function connectPacket(auth: object): string {
  return `40${JSON.stringify(auth)}`;
}

/**
 * Makes the packets of an event that expects an acknowledgement: a text packet, then each byte array of the payload.
 */
export function eventPackets(event: string, payload: object, id: number): [string, ...Uint8Array<ArrayBuffer>[]] {
  const bytes: Uint8Array<ArrayBuffer>[] = [];
  const json = JSON.stringify([event, payload], (_, value: unknown) => {
    if (!(value instanceof Uint8Array)) return value;
    return { _placeholder: true, num: bytes.push(value as Uint8Array<ArrayBuffer>) - 1 };
  });
  return [bytes.length > 0 ? `45${bytes.length}-${id}${json}` : `42${id}${json}`, ...bytes];
}

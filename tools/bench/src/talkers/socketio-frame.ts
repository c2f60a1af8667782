/*
 * The frames of Engine.IO 4 / Socket.IO 5 over a WebSocket, as far as a client of the namespace `/` needs them.
 * socket.io-client is not used because each of its connections costs about 60 KiB and 0.2 ms: with ten thousand of them
 * the load generator would mostly measure itself. Source: socket.io-protocol, engine.io-protocol.
 */

/** A parsed text frame of the server. */
export type Frame =
  | { kind: "open" | "ping" | "connected" | "closed" | "other" }
  | { kind: "refused"; error: unknown }
  | { kind: "event"; name: string; payload: unknown }
  | { kind: "ack"; id: number; payload: unknown };

export const PONG = "3";
export const CLOSE = "1";

/** Returns the frame that asks to join the namespace `/`, with the handshake's `auth`. */
export function encodeConnect(auth: object): string {
  return `40${JSON.stringify(auth)}`;
}

/** Returns the frame of an event whose acknowledgement will have this `id`. */
export function encodeEvent(name: string, payload: object, id: number): string {
  return `42${id}${JSON.stringify([name, payload])}`;
}

/** Marks the place of the bytes in a binary event's payload. */
export const PLACEHOLDER = { _placeholder: true, num: 0 };

/** Returns the text frame of an event with one {@link PLACEHOLDER}; a binary frame with the bytes must follow. */
export function encodeBinaryEvent(name: string, payload: object, id: number): string {
  return `451-${id}${JSON.stringify([name, payload])}`;
}

/** Parses a text frame. @throws SyntaxError when its JSON is invalid. */
export function decodeFrame(text: string): Frame {
  switch (text.charCodeAt(0)) {
    case 48:
      return { kind: "open" };
    case 49:
      return { kind: "closed" };
    case 50:
      return { kind: "ping" };
    case 52:
      return decodePacket(text);
    default:
      return { kind: "other" };
  }
}

function decodePacket(text: string): Frame {
  switch (text.charCodeAt(1)) {
    case 48:
      return { kind: "connected" };
    case 49:
      return { kind: "closed" };
    case 50: {
      const [name, payload] = JSON.parse(text.slice(2)) as [string, unknown];
      return { kind: "event", name, payload };
    }
    case 51: {
      const at = text.indexOf("[");
      const [payload] = JSON.parse(text.slice(at)) as unknown[];
      return { kind: "ack", id: Number(text.slice(2, at)), payload };
    }
    case 52: {
      const { data } = JSON.parse(text.slice(2)) as { data?: unknown };
      return { kind: "refused", error: data };
    }
    default:
      return { kind: "other" };
  }
}

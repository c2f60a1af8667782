import type { WireError } from "@docrelay/protocol";
import { WebSocket } from "ws";
import {
  CLOSE,
  decodeFrame,
  encodeBinaryEvent,
  encodeConnect,
  encodeEvent,
  PLACEHOLDER,
  PONG,
} from "./socketio-frame.ts";

/** An acknowledgement as received: `ok`, and either the event's own fields or an error. */
export interface Ack {
  readonly ok: boolean;
  readonly error?: WireError;
  readonly [field: string]: unknown;
}

/**
 * One Socket.IO connection over WebSocket. It does not reconnect by itself, so that the generator notices when it ends.
 */
export interface RelaySocket {
  /** Sends an event; `onAck` is called at most once, never when the connection ends first. */
  send(name: string, payload: object, onAck: (ack: Ack) => void): void;
  /**
   * Sends an event and waits for its acknowledgement. @throws Error when none comes within `timeoutMs`, or the
   * connection ends.
   */
  call(name: string, payload: object, timeoutMs: number, bytes?: Uint8Array): Promise<Ack>;
  /** The same with bytes where the payload has a {@link PLACEHOLDER}. */
  callWith(bytes: Uint8Array, name: string, payload: object, timeoutMs: number): Promise<Ack>;
  readonly open: boolean;
  close(): void;
}

export interface RelaySocketOptions {
  /** `http://` or `https://` address of an edge or balancer. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Of the upgrade, for instance what a balancer writes. */
  readonly headers?: Readonly<Record<string, string>>;
  onEvent(name: string, payload: unknown): void;
  onEnd(why: string): void;
}

/** Connects and waits for the namespace. @throws Error naming the refusal's code, or why there is no connection. */
export function openRelaySocket(of: RelaySocketOptions): Promise<RelaySocket> {
  const { promise, resolve, reject } = Promise.withResolvers<RelaySocket>();
  const address = `${of.url.replace(/^http/, "ws").replace(/\/$/, "")}/socket.io/?EIO=4&transport=websocket`;
  const ws = new WebSocket(address, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handshakeTimeout: of.timeoutMs,
    headers: of.headers ?? {},
  });
  const acks = new Map<number, (ack: Ack | undefined) => void>();
  let nextId = 0;
  let settled = false;
  let open = false;

  const timer = setTimeout(() => fail("timeout"), of.timeoutMs);
  function fail(why: string): void {
    clearTimeout(timer);
    if (!settled) {
      settled = true;
      reject(new Error(why));
    }
    ws.terminate();
  }

  const socket: RelaySocket = {
    send(name, payload, onAck) {
      const id = nextId++;
      acks.set(id, (ack) => ack && onAck(ack));
      ws.send(encodeEvent(name, payload, id));
    },
    call(name, payload, timeoutMs, bytes) {
      if (bytes !== undefined) return socket.callWith(bytes, name, { ...payload, bytes: PLACEHOLDER }, timeoutMs);
      return answerTo(timeoutMs, (id) => ws.send(encodeEvent(name, payload, id)));
    },
    callWith(bytes, name, payload, timeoutMs) {
      return answerTo(timeoutMs, (id) => {
        ws.send(encodeBinaryEvent(name, payload, id));
        ws.send(bytes);
      });
    },
    get open() {
      return open;
    },
    close() {
      open = false;
      if (ws.readyState === WebSocket.OPEN) ws.send(`4${CLOSE}`);
      ws.close();
    },
  };

  function answerTo(timeoutMs: number, send: (id: number) => void): Promise<Ack> {
    const id = nextId++;
    return new Promise<Ack>((answer, refuse) => {
      const late = setTimeout(() => {
        acks.delete(id);
        refuse(new Error("timeout"));
      }, timeoutMs);
      acks.set(id, (ack) => {
        clearTimeout(late);
        if (ack) answer(ack);
        else refuse(new Error("closed"));
      });
      send(id);
    });
  }

  ws.on("message", (data, binary) => {
    if (binary) return; // the server sends none
    const frame = decodeFrame((data as Buffer).toString());
    switch (frame.kind) {
      case "event":
        return of.onEvent(frame.name, frame.payload);
      case "ack": {
        const done = acks.get(frame.id);
        acks.delete(frame.id);
        return done?.(frame.payload as Ack);
      }
      case "ping":
        return ws.send(PONG);
      case "open":
        return ws.send(encodeConnect({ token: of.token, protocol: 1 }));
      case "connected":
        clearTimeout(timer);
        settled = true;
        open = true;
        return resolve(socket);
      case "refused":
        return fail((frame.error as WireError | undefined)?.code ?? "refused");
      case "closed":
        return ws.close();
      case "other":
    }
  });
  ws.on("error", (error) => fail(error.message));
  ws.on("close", (code) => {
    fail(`closed ${code}`);
    for (const done of acks.values()) done(undefined);
    acks.clear();
    if (open) of.onEnd(`closed ${code}`);
    open = false;
  });
  return promise;
}

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

/** The acknowledgement of an event: with `ok` true the event's own fields, else an error. */
export interface Ack {
  readonly ok: boolean;
  readonly error?: WireError;
  readonly [field: string]: unknown;
}

/**
 * One Socket.IO connection over WebSocket. It does not reconnect by itself, so that the load generator notices its end.
 */
export interface RelaySocket {
  /** Sends an event; `onAck` is called at most once, and never if the connection ends first. */
  send(name: string, payload: object, onAck: (ack: Ack) => void): void;
  /**
   * Sends an event and waits for its acknowledgement. @throws Error when none comes within `timeoutMs`, or the
   * connection ends.
   */
  call(name: string, payload: object, timeoutMs: number, bytes?: Uint8Array): Promise<Ack>;
  /** Sends an event with bytes, which belong where the payload has a {@link PLACEHOLDER}. */
  callWith(bytes: Uint8Array, name: string, payload: object, timeoutMs: number): Promise<Ack>;
  readonly open: boolean;
  close(): void;
}

export interface RelaySocketOptions {
  /** `http://` or `https://` address of an edge or balancer. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  /** Headers of the upgrade request, for example those that a balancer writes. */
  readonly headers?: Readonly<Record<string, string>>;
  onEvent(name: string, payload: unknown): void;
  onEnd(why: string): void;
}

/**
 * Connects and waits for the namespace. @throws Error with the refusal's code, or the reason why there is no
 * connection.
 */
export function openRelaySocket(of: RelaySocketOptions): Promise<RelaySocket> {
  const { promise, resolve, reject } = Promise.withResolvers<RelaySocket>();
  const ws = dial(of);
  const answers = createAnswers();
  let open = false;

  const timer = setTimeout(() => fail("timeout"), of.timeoutMs);
  function fail(why: string): void {
    clearTimeout(timer);
    reject(new Error(why)); // once the connection is open, this has no effect
    ws.terminate();
  }
  const socket: RelaySocket = {
    send: (name, payload, onAck) =>
      ws.send(
        encodeEvent(
          name,
          payload,
          answers.expect((ack) => ack && onAck(ack)),
        ),
      ),
    call(name, payload, timeoutMs, bytes) {
      if (bytes !== undefined) return socket.callWith(bytes, name, { ...payload, bytes: PLACEHOLDER }, timeoutMs);
      return answers.wait(timeoutMs, (id) => ws.send(encodeEvent(name, payload, id)));
    },
    callWith(bytes, name, payload, timeoutMs) {
      return answers.wait(timeoutMs, (id) => {
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
  const connected = (): void => {
    clearTimeout(timer);
    open = true;
    resolve(socket);
  };

  ws.on("message", (data, binary) => {
    // The server sends no binary frames.
    if (!binary) take(decodeFrame((data as Buffer).toString()), { of, ws, answers, connected, fail });
  });
  ws.on("error", (error) => fail(error.message));
  ws.on("close", (code) => {
    fail(`closed ${code}`);
    answers.end();
    if (open) of.onEnd(`closed ${code}`);
    open = false;
  });
  return promise;
}

function dial(of: RelaySocketOptions): WebSocket {
  const address = `${of.url.replace(/^http/, "ws").replace(/\/$/, "")}/socket.io/?EIO=4&transport=websocket`;
  return new WebSocket(address, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handshakeTimeout: of.timeoutMs,
    headers: of.headers ?? {},
  });
}

interface Connection {
  readonly of: RelaySocketOptions;
  readonly ws: WebSocket;
  readonly answers: Answers;
  connected(): void;
  fail(why: string): void;
}

/** Handles a frame of the server. */
function take(frame: ReturnType<typeof decodeFrame>, { of, ws, answers, connected, fail }: Connection): void {
  switch (frame.kind) {
    case "event":
      return of.onEvent(frame.name, frame.payload);
    case "ack":
      return answers.take(frame.id, frame.payload as Ack);
    case "ping":
      return ws.send(PONG);
    case "open":
      return ws.send(encodeConnect({ token: of.token, protocol: 1 }));
    case "connected":
      return connected();
    case "refused":
      return fail((frame.error as WireError | undefined)?.code ?? "refused");
    case "closed":
      return ws.close();
    case "other":
  }
}

/** The acknowledgements for which this client waits, each by the number of its event. */
interface Answers {
  /**
   * Returns the number for the next event that is sent. Later calls `done` with the acknowledgement of that event, or
   * with undefined if the connection ends first.
   */
  expect(done: (ack: Ack | undefined) => void): number;
  /**
   * Calls `send` with the number of an event, and waits for the event's acknowledgement. @throws Error when none comes
   * in time, or the connection ends.
   */
  wait(timeoutMs: number, send: (id: number) => void): Promise<Ack>;
  take(id: number, ack: Ack): void;
  end(): void;
}

function createAnswers(): Answers {
  const waiting = new Map<number, (ack: Ack | undefined) => void>();
  let nextId = 0;
  return {
    expect(done) {
      const id = nextId++;
      waiting.set(id, done);
      return id;
    },
    wait(timeoutMs, send) {
      const id = nextId++;
      return new Promise<Ack>((answer, refuse) => {
        const late = setTimeout(() => {
          waiting.delete(id);
          refuse(new Error("timeout"));
        }, timeoutMs);
        waiting.set(id, (ack) => {
          clearTimeout(late);
          if (ack) answer(ack);
          else refuse(new Error("closed"));
        });
        send(id);
      });
    },
    take(id, ack) {
      const done = waiting.get(id);
      waiting.delete(id);
      done?.(ack);
    },
    end() {
      for (const done of waiting.values()) done(undefined);
      waiting.clear();
    },
  };
}

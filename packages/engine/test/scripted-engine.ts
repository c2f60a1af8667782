import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import {
  createWebSocketEngine,
  type Engine,
  type EngineAsk,
  type EngineEvent,
  type WebSocketEngineOptions,
} from "../src/index.ts";

/** A request frame that the engine got. */
export interface Call {
  readonly socket: WebSocket;
  /** The number of the connection; the first has 1. */
  readonly connection: number;
  /** The number of the request; the first has 1. */
  readonly number: number;
  readonly raw: string;
  readonly message: string;
  readonly id: string;
  say(frame: object | string): void;
}

export interface ScriptedEngine extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly Call[];
  /** How many connections were opened so far. */
  readonly opened: number;
  /** How many connections are open now, and how many were open at the same time at most. */
  readonly open: number;
  readonly most: number;
}

/** Starts a real WebSocket server. The test decides what it does with each request. */
export async function startScriptedEngine(
  script: (call: Call) => unknown,
  onConnect?: (socket: WebSocket, request: IncomingMessage) => void,
): Promise<ScriptedEngine> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const calls: Call[] = [];
  let opened = 0;
  let most = 0;
  server.on("connection", (socket, request) => {
    const connection = ++opened;
    most = Math.max(most, server.clients.size);
    onConnect?.(socket, request);
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      const raw = data.toString();
      const { message, unique_id: id } = JSON.parse(raw) as { message: string; unique_id: string };
      const say = (frame: object | string): void =>
        socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
      const call: Call = { socket, connection, number: calls.length + 1, raw, message, id, say };
      calls.push(call);
      void script(call);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    get opened() {
      return opened;
    },
    get open() {
      return server.clients.size;
    },
    get most() {
      return most;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

export function engineAt(url: string, options: Partial<WebSocketEngineOptions> = {}): Engine {
  return createWebSocketEngine({
    url,
    reply: "single",
    connections: 10,
    firstReplyTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    maxReplyBytes: 1_048_576,
    ...options,
  });
}

/** Asks, and reads all events. */
export async function askAll(
  engine: Engine,
  ask: Partial<EngineAsk> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<EngineEvent[]> {
  return Array.fromAsync(engine.ask({ message: "what is inside?", uniqueId: "id", affinity: "user", ...ask }, signal));
}

/** Returns the text of the reply: that of the `end` event if it has one, otherwise the joined pieces. */
export function textOf(events: readonly EngineEvent[]): string {
  const end = events.at(-1);
  const joined = events.map((event) => (event.kind === "text" ? event.text : "")).join("");
  return end?.kind === "end" ? (end.text ?? joined) : joined;
}

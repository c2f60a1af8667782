import { int, object } from "../wire/read.ts";
import type { Address } from "./address.ts";
import { CLOSE } from "./packets.ts";

/** Carries packets in order, over a WebSocket or polling, until it ends. */
export interface Transport {
  send(packets: ReadonlyArray<string | Uint8Array<ArrayBuffer>>): void;
  /** Ends the transport; no listener is called afterwards. */
  close(): void;
}

export interface TransportListener {
  /** Called when a text packet has arrived. Binary packets, which docrelay's servers do not send, are dropped. */
  packet(text: string): void;
  /** Called when the transport broke or could not be opened. */
  ended(): void;
}

const query = (transport: string): string => `?EIO=4&transport=${transport}`;

/** Opens a WebSocket. In Node 20, which has no WebSocket built in, the library `ws` is used. */
export function openWebSocket({ origin, socketPath }: Address, to: TransportListener): Transport {
  const url = `${origin.replace(/^http/, "ws")}${socketPath}${query("websocket")}`;
  let isOver = false;
  let socket: WebSocket | undefined;
  const ended = (): void => {
    if (isOver) return;
    isOver = true;
    to.ended();
  };
  function open(Socket: typeof WebSocket): void {
    if (isOver) return;
    socket = new Socket(url);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => !isOver && typeof data === "string" && to.packet(data));
    socket.addEventListener("error", ended);
    socket.addEventListener("close", ended);
  }
  async function find(): Promise<typeof WebSocket> {
    const { WebSocket: Found } = await import("ws");
    return Found as unknown as typeof WebSocket;
  }
  // In a browser without WebSocket, loading the library `ws` fails, too. If a browser does not permit this web page to
  // open a WebSocket, the constructor throws.
  if (globalThis.WebSocket as typeof WebSocket | undefined) tryOpen(() => open(globalThis.WebSocket), ended);
  else find().then(open).catch(ended);
  return {
    send(packets) {
      if (socket?.readyState === socket?.OPEN) for (const packet of packets) socket?.send(packet);
    },
    close() {
      isOver = true;
      socket?.close();
    },
  };
}

function tryOpen(act: () => void, failed: () => void): void {
  try {
    act();
  } catch {
    queueMicrotask(failed);
  }
}

const SEPARATOR = "\x1e";
const readHello = object<{ sid: string; maxPayload: number }>({ sid: String, maxPayload: int });

/**
 * Uses HTTP requests in place of a WebSocket (Engine.IO's polling): one request always waits for packets of the server,
 * and another one at a time sends packets.
 */
export function openPolling({ origin, socketPath }: Address, request: typeof fetch, to: TransportListener): Transport {
  const over = new AbortController();
  const { signal } = over;
  const waiting: string[] = [];
  let url = `${origin}${socketPath}${query("polling")}`;
  let maxPayload = 0;
  let isPosting = false;

  const ask = async (init: RequestInit): Promise<string> => {
    const response = await request(url, { cache: "no-store", signal, ...init });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.text();
  };
  async function poll(): Promise<void> {
    while (!signal.aborted) {
      for (const packet of (await ask({})).split(SEPARATOR)) {
        if (maxPayload === 0) hold(packet);
        if (!packet.startsWith("b")) to.packet(packet);
      }
    }
  }
  /** Handles the first packet, which contains the id of the polling session. All later requests must name this id. */
  function hold(packet: string): void {
    const hello = readHello(JSON.parse(packet.slice(1)));
    maxPayload = hello.maxPayload;
    url += `&sid=${encodeURIComponent(hello.sid)}`;
  }
  async function post(): Promise<void> {
    if (isPosting) return;
    isPosting = true;
    while (waiting.length > 0 && !signal.aborted) {
      let bytes = 0;
      const fitting = waiting.findIndex((packet) => (bytes += packet.length * 3 + 1) > maxPayload);
      const packets = waiting.splice(0, fitting < 0 ? waiting.length : Math.max(1, fitting));
      await ask({ method: "POST", body: packets.join(SEPARATOR) });
    }
    isPosting = false;
  }
  const fail = (): void => {
    if (signal.aborted) return;
    over.abort();
    to.ended();
  };
  poll().catch(fail);
  return {
    send(packets) {
      waiting.push(...packets.map((packet) => (typeof packet === "string" ? packet : `b${base64(packet)}`)));
      post().catch(fail);
    },
    close() {
      if (signal.aborted) return;
      // This message ends the session at once. Without it the server would notice the end only when a ping gets no
      // pong.
      if (maxPayload > 0) request(url, { method: "POST", body: CLOSE, keepalive: true }).catch(() => undefined);
      over.abort();
    },
  };
}

/** Encodes bytes as base64, in parts: `String.fromCharCode` cannot take all bytes of a large array as arguments. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

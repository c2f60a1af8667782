import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

/** One prompt that the engine received, and the functions with which a test replies to it. */
export interface Call {
  readonly message: string;
  readonly uniqueId: string;
  readonly closed: boolean;
  text(piece: string): void;
  end(): void;
  send(frame: object | string): void;
  drop(): void;
  close(code: number, reason: string): void;
}

/** An engine for tests that runs the test's script for each call. */
export interface ScriptedEngine {
  readonly url: string;
  readonly calls: readonly Call[];
  /** What to do with a call; by default its message is streamed back word by word. */
  script: (call: Call, index: number) => void;
  /** Forgets its calls and its script. */
  reset(): void;
  /** Closes all connections, and refuses new ones until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Streams the message back, one word in each frame. */
export function echo(call: Call): void {
  for (const word of call.message.split(/(?<= )/)) call.text(word);
  call.end();
}

export async function startEngine(): Promise<ScriptedEngine> {
  const calls: Call[] = [];
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;

  async function listen(at: number): Promise<WebSocketServer> {
    const fresh = new WebSocketServer({ host: "127.0.0.1", port: at });
    fresh.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.on("message", (data: Buffer) => serve(socket, data.toString()));
    });
    await once(fresh, "listening");
    return fresh;
  }
  function serve(socket: WebSocket, raw: string): void {
    const { message, unique_id: uniqueId } = JSON.parse(raw) as { message: string; unique_id: string };
    const send = (frame: object | string): void => {
      if (socket.readyState === socket.OPEN) socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    };
    const call: Call = {
      message,
      uniqueId,
      get closed() {
        return socket.readyState === socket.CLOSED;
      },
      text: (piece) => send({ type: "chat", message: piece, unique_id: uniqueId }),
      end: () => send({ type: "end", unique_id: uniqueId }),
      send,
      drop: () => socket.terminate(),
      close: (code, reason) => socket.close(code, reason),
    };
    calls.push(call);
    engine.script(call, calls.length - 1);
  }
  async function shut(): Promise<void> {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  }

  const engine: ScriptedEngine = {
    url: `ws://127.0.0.1:${port}`,
    calls,
    script: echo,
    reset() {
      calls.length = 0;
      engine.script = echo;
    },
    shut,
    async open() {
      server = await listen(port);
    },
    close: shut,
  };
  return engine;
}

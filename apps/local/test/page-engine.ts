import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";

/**
 * An engine for tests of the page. For a question that begins with "hold", the engine sends the pieces of the answer at
 * once, but ends the answer only after `release`. It answers all other questions at once.
 */
export interface PageEngine {
  /** Returns the engine's address. Callable only while tests run. */
  url(): string;
  readonly calls: readonly string[];
  release(): void;
}

/**
 * Starts an engine for the tests of a file. `answer` returns the pieces of the answer to a prompt. `cites` returns the
 * pages that the answer cites. `suggestions` are the questions that each answer suggests.
 */
export function usePageEngine(
  answer: (prompt: string) => readonly string[],
  cites: (prompt: string) => ReadonlyArray<{ file: number; page: number }> = () => [],
  suggestions: readonly string[] = [],
): PageEngine {
  const held: WebSocket[] = [];
  const calls: string[] = [];
  let port = 0;
  let server: WebSocketServer | undefined;
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => {
        const { message } = JSON.parse(data.toString()) as { message: string };
        calls.push(message);
        for (const text of answer(message)) socket.send(JSON.stringify({ message: text }));
        if (message.startsWith("hold")) held.push(socket);
        else socket.send(JSON.stringify({ type: "end", citations: cites(message), suggestions }));
      });
    });
  });
  afterAll(() => {
    for (const socket of server?.clients ?? []) socket.terminate();
    server?.close();
  });
  return {
    url: () => `ws://127.0.0.1:${port}`,
    calls,
    release() {
      for (const socket of held.splice(0)) socket.send(JSON.stringify({ type: "end", message: " end" }));
    },
  };
}

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";

/**
 * An engine whose behaviour depends on the question. For "hold …" the engine answers "One. ", and "Two." after
 * `release`. For "drop …" it begins with "WRONG ", closes the connection at `release`, and answers the next call with
 * "Right.". For "many …" it answers with many words, one at a time. It answers all other questions at once.
 */
export interface ToldEngine {
  readonly url: string;
  readonly calls: readonly string[];
  /**
   * Ends the waiting calls: closes their connections if the newest question was "drop …", otherwise sends "Two." and
   * the end.
   */
  release(): void;
}

export const WORDS = Array.from({ length: 300 }, (_, index) => `word${index} `);
const WORD_MS = 4;

export function useToldEngine(): ToldEngine {
  const held: WebSocket[] = [];
  const calls: string[] = [];
  let server: WebSocketServer | undefined;

  function answer(socket: WebSocket, question: string): void {
    const say = (text: string): void => socket.send(JSON.stringify({ message: text }));
    const end = (text: string): void => socket.send(JSON.stringify({ type: "end", message: text }));
    const calledBefore = calls.includes(question);
    calls.push(question);
    if (question.startsWith("hold")) {
      say("One. ");
      held.push(socket);
    } else if (question.startsWith("drop")) {
      if (calledBefore) return end("Right.");
      say("WRONG ");
      held.push(socket);
    } else if (question.startsWith("many")) {
      const words = WORDS.values();
      const timer = setInterval(() => {
        const { value, done } = words.next();
        if (!done) return say(value);
        clearInterval(timer);
        end("");
      }, WORD_MS);
    } else end("An answer.");
  }
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    server.on("connection", (socket) =>
      socket.on("message", (data: Buffer) =>
        answer(socket, (JSON.parse(data.toString()) as { message: string }).message),
      ),
    );
  });
  afterAll(() => {
    for (const socket of server?.clients ?? []) socket.terminate();
    server?.close();
  });
  return {
    get url() {
      if (!server) throw new Error("the engine has not started");
      return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    calls,
    release() {
      const wasDropped = calls.at(-1)?.startsWith("drop");
      for (const socket of held.splice(0)) {
        if (wasDropped) socket.terminate();
        else socket.send(JSON.stringify({ type: "end", message: "Two." }));
      }
    },
  };
}

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer, type WebSocket } from "ws";
import type { History } from "../history.ts";
import { createRandom, hash, type Random } from "../random.ts";

/** How the engine answers one call. If `ChaosEngine.script` is set, that function decides instead. */
export type Mood = "answer" | "slow" | "hang" | "hang-midway" | "drop" | "drop-midway" | "error";

/** A running engine call, which a scenario can answer or end. */
export interface Call {
  readonly ask: string;
  readonly call: number;
  readonly words: readonly string[];
  /** Whether the call's connection has ended. */
  readonly closed: boolean;
  /** Sends the words from `from` up to `to`, one word per frame. */
  say(from: number, to?: number): void;
  end(): void;
  drop(): void;
}

export interface ChaosEngine extends AsyncDisposable {
  readonly port: number;
  readonly calls: readonly Call[];
  /**
   * If set, it is called with each engine call and answers it; otherwise a `Mood` chosen at random decides the answer.
   */
  script: ((call: Call) => void) | undefined;
  /** From now on, every call gets a quick answer. */
  calm(): void;
  /** The words that mark files. The engine searches prompts for them, to record whether it got a file's text. */
  readonly markers: Set<string>;
}

const MOODS: ReadonlyArray<[Mood, number]> = [
  ["answer", 0.8],
  ["slow", 0.08],
  ["hang", 0.02],
  ["hang-midway", 0.02],
  ["drop", 0.02],
  ["drop-midway", 0.03],
  ["error", 0.03],
];
const VOCABULARY =
  "river stone amber quiet lantern orchard velvet thunder copper meadow harbor willow ember cedar drift marble falcon prairie".split(
    " ",
  );

/**
 * Returns the words of the answer to the `call`-th call for an ask. The words depend only on the ask and the number of
 * the call, so that the checker can tell from a text which call a client has seen, and whether the texts of two calls
 * were mixed.
 */
export function answerWords(ask: string, call: number): string[] {
  const random = createRandom(hash(`${ask}/${call}`));
  const count = random.between(8, 24);
  return [`${ask}#${call}:`, ...Array.from({ length: count }, () => random.pick(VOCABULARY))].map((word) => `${word} `);
}

/**
 * Starts an unreliable engine with the original wire protocol; the seed decides its faults. Prompts name their ask:
 * `[ask:<id>]`.
 */
export async function startChaosEngine(seed: number, history: History): Promise<ChaosEngine> {
  const counts = new Map<string, number>();
  const calls: Call[] = [];
  let calm = false;
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket) => {
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => serve(socket, data.toString()));
  });

  function serve(socket: WebSocket, raw: string): void {
    const { message, unique_id: uniqueId } = JSON.parse(raw) as { message: string; unique_id: string };
    const ask = /\[ask:([\w-]+)\]/.exec(message)?.[1] ?? "unknown";
    const number = (counts.get(ask) ?? 0) + 1;
    counts.set(ask, number);
    const words = answerWords(ask, number);
    const marker = /\bmark[0-9a-z]{8,}\b/.exec(message)?.[0];
    const sawFile = marker !== undefined && engine.markers.has(marker);
    history.add({ kind: "call", ask, call: number, text: words.join(""), sawFile });
    const send = (frame: object): void => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ ...frame, unique_id: uniqueId }));
    };
    const call: Call = {
      ask,
      call: number,
      words,
      get closed() {
        return socket.readyState !== socket.OPEN;
      },
      say(from, to = words.length) {
        for (const word of words.slice(from, to)) send({ type: "chat", message: word });
      },
      end() {
        history.add({ kind: "answered", ask, call: number });
        send({ type: "end" });
      },
      drop: () => socket.terminate(),
    };
    calls.push(call);
    if (engine.script) return engine.script(call);
    const random = createRandom(hash(`${seed}/${ask}/${number}`));
    void act(call, calm ? "answer" : moodOf(random), random, (error) => send({ type: "error", error }));
  }

  const engine: ChaosEngine = {
    port: (server.address() as AddressInfo).port,
    calls,
    script: undefined,
    markers: new Set(),
    calm: () => void (calm = true),
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return engine;
}

function moodOf(random: Random): Mood {
  let left = random.next();
  for (const [mood, share] of MOODS) {
    left -= share;
    if (left < 0) return mood;
  }
  return "answer";
}

async function act(call: Call, mood: Mood, random: Random, fail: (error: string) => void): Promise<void> {
  const { words } = call;
  const half = Math.ceil(words.length / 2);
  const pauseMs = mood === "slow" ? random.between(60, 150) : random.between(0, 25);
  if (mood === "drop") return call.drop();
  if (mood === "hang") return;
  await sleep(random.between(5, 60));
  if (mood === "error") return fail("out of order");
  for (let at = 0; at < words.length && !call.closed; at++) {
    if (at === half && mood === "drop-midway") return call.drop();
    if (at === half && mood === "hang-midway") return;
    call.say(at, at + 1);
    await sleep(pauseMs);
  }
  if (!call.closed) call.end();
}

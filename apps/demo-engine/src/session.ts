import { createHash } from "node:crypto";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import type { WebSocket } from "ws";
import { answer } from "./answer.ts";
import type { Config, Fault } from "./config.ts";
import { readPrompt } from "./prompt.ts";
import type { Breathe } from "./rank.ts";

const FAULTS = new Set<string>(["slow", "hang", "drop", "garbage", "flood", "second", "wrong-id", "error"]);
const SLOW_MS = 2000;
const FLOOD_BYTES = 8_000_000;
/** Looks like a frame, and takes a careless reader's stack down. */
const GARBAGE = `{"message":${"[".repeat(2000)}${"]".repeat(2000)}}`;
/** How long an answer may compute before the other connections have their turn. */
const SLICE_MS = 10;

/** What one connection of the engine does with one request frame; resolves when the reply is on its way. */
export async function serve(
  socket: WebSocket,
  raw: string,
  config: Config,
  attempts: Attempts,
  signal: AbortSignal,
): Promise<void> {
  const request = parse(raw);
  if (!request) {
    return say(socket, { type: "error", message: "expected a JSON object with a message" });
  }
  const { uniqueId } = request;
  const prompt = readPrompt(request.message);
  const fault = faultOf(prompt.question, config, attempts, uniqueId);
  if (fault === "hang") return;
  if (fault === "error") return say(socket, { type: "error", message: "told to fail", unique_id: uniqueId });
  if (fault === "garbage") return void socket.send(GARBAGE);
  if (fault === "slow") await sleep(SLOW_MS, undefined, { signal });
  const question = prompt.question.replaceAll(/#fault:\S+/g, "").trim();
  const { text, citations } = await answer({ ...prompt, question }, breather(signal));
  const id = fault === "wrong-id" ? "somebody-else" : uniqueId;
  if (fault === "flood") say(socket, { type: "chat", message: "x".repeat(FLOOD_BYTES), unique_id: id });

  if (config.DEMO_REPLY === "single") {
    if (fault === "drop") return socket.terminate();
    say(socket, { message: text, type: "chat", unique_id: id, citations });
    if (fault === "second") say(socket, { message: "a second frame", type: "chat", unique_id: id });
    return;
  }
  const words = text.match(/\S+\s*/g) ?? [];
  for (const [index, word] of words.entries()) {
    if (fault === "drop" && index === Math.min(5, words.length - 1)) return socket.terminate();
    say(socket, { type: "delta", message: word, unique_id: id });
    if (config.DEMO_DELAY_MS > 0) await sleep(config.DEMO_DELAY_MS, undefined, { signal });
  }
  say(socket, { type: "end", unique_id: id, citations });
  if (fault === "second") say(socket, { type: "delta", message: "a frame too many", unique_id: id });
}

/** Gives the loop a turn every {@link SLICE_MS} of computing, and stops when nobody waits for the answer any more. */
function breather(signal: AbortSignal): Breathe {
  let begun = performance.now();
  return () => {
    if (performance.now() - begun < SLICE_MS) return undefined;
    signal.throwIfAborted();
    return turn().then(() => void (begun = performance.now()));
  };
}

/** How often each question came, so that a fault can be for the first calls only. Bounded. */
export class Attempts {
  readonly #counts = new Map<string, number>();
  count(uniqueId: string, question: string): number {
    const key = createHash("sha256").update(`${uniqueId}\n${question}`).digest("base64url");
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > 10_000 && oldest !== undefined) this.#counts.delete(oldest);
    return count;
  }
}

/** `#fault:drop` in a question asks for a fault, `#fault:drop@2` for the first two calls only; never in a file. */
function faultOf(question: string, config: Config, attempts: Attempts, uniqueId: string): Fault {
  if (config.DEMO_FAULT !== "by-message") return config.DEMO_FAULT;
  const [, name, only] = /#fault:([a-z-]+)(?:@(\d+))?/.exec(question) ?? [];
  if (!name || !FAULTS.has(name)) return "none";
  if (only && attempts.count(uniqueId, question) > Number(only)) return "none";
  return name as Fault;
}

function parse(raw: string): { message: string; uniqueId: string } | undefined {
  try {
    const frame = JSON.parse(raw) as { message?: unknown; unique_id?: unknown } | null;
    if (typeof frame?.message !== "string") return undefined;
    return { message: frame.message, uniqueId: typeof frame.unique_id === "string" ? frame.unique_id : "" };
  } catch {
    return undefined;
  }
}

function say(socket: WebSocket, frame: object): void {
  socket.send(JSON.stringify(frame));
}

import { createHash } from "node:crypto";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import type { WebSocket } from "ws";
import { answer, type Answer } from "./answer.ts";
import type { Config, Fault } from "./config.ts";
import { readPrompt } from "./prompt.ts";
import type { Breathe } from "./rank.ts";

const FAULTS = new Set<string>(["slow", "hang", "drop", "garbage", "flood", "second", "wrong-id", "error"]);
const SLOW_MS = 2000;
const FLOOD_BYTES = 8_000_000;
/** The reply of the fault `garbage`: JSON whose lists are nested more deeply than docrelay accepts in a frame. */
const GARBAGE = `{"message":${"[".repeat(64)}${"]".repeat(64)}}`;
/** After how many ms the computation of an answer lets other work of the process run. */
const SLICE_MS = 10;

export interface SessionDeps {
  readonly config: Config;
  readonly attempts: Attempts;
  /** Aborted when the connection has closed. */
  readonly signal: AbortSignal;
}

/** Answers one request frame of a connection; resolves when the last frame of the reply was handed to the socket. */
export async function serve(socket: WebSocket, raw: string, deps: SessionDeps): Promise<void> {
  const { config, attempts, signal } = deps;
  const request = parse(raw);
  if (!request) {
    return sendFrame(socket, { type: "error", message: "expected a JSON object with a message" });
  }
  const { uniqueId } = request;
  const prompt = readPrompt(request.message);
  const fault = faultOf(prompt.question, config, attempts, uniqueId);
  if (fault === "hang") return;
  if (fault === "error") return sendFrame(socket, { type: "error", message: "told to fail", unique_id: uniqueId });
  if (fault === "garbage") return void socket.send(GARBAGE);
  if (fault === "slow") await sleep(SLOW_MS, undefined, { signal });
  const question = prompt.question.replaceAll(/#fault:\S+/g, "").trim();
  const reply: Reply = {
    ...(await answer({ ...prompt, question }, breather(signal))),
    id: fault === "wrong-id" ? "somebody-else" : uniqueId,
    fault,
  };
  if (fault === "flood") sendFrame(socket, { type: "chat", message: "x".repeat(FLOOD_BYTES), unique_id: reply.id });
  if (config.DEMO_REPLY === "single") sendWhole(socket, reply);
  else await stream(socket, reply, deps);
}

type Reply = Answer & { readonly id: string; readonly fault: Fault };

function sendWhole(socket: WebSocket, { text, citations, id, fault }: Reply): void {
  if (fault === "drop") return socket.terminate();
  sendFrame(socket, { message: text, type: "chat", unique_id: id, citations });
  if (fault === "second") sendFrame(socket, { message: "a second frame", type: "chat", unique_id: id });
}

async function stream(
  socket: WebSocket,
  { text, citations, id, fault }: Reply,
  { config, signal }: SessionDeps,
): Promise<void> {
  const words = text.match(/\S+\s*/g) ?? [];
  for (const [index, word] of words.entries()) {
    if (fault === "drop" && index === Math.min(5, words.length - 1)) return socket.terminate();
    sendFrame(socket, { type: "delta", message: word, unique_id: id });
    if (config.DEMO_DELAY_MS > 0) await sleep(config.DEMO_DELAY_MS, undefined, { signal });
  }
  sendFrame(socket, { type: "end", unique_id: id, citations });
  if (fault === "second") sendFrame(socket, { type: "delta", message: "a frame too many", unique_id: id });
}

/**
 * Returns a {@link Breathe} that lets other work run after {@link SLICE_MS} of computing. It throws once the connection
 * has closed.
 */
function breather(signal: AbortSignal): Breathe {
  let begun = performance.now();
  return () => {
    if (performance.now() - begun < SLICE_MS) return undefined;
    signal.throwIfAborted();
    return turn().then(() => void (begun = performance.now()));
  };
}

/** Counts the calls with each question, so that a fault can be limited to the first of them. */
export class Attempts {
  readonly #counts = new LRUCache<string, number>({ max: 10_000 });
  count(uniqueId: string, question: string): number {
    const key = createHash("sha256").update(`${uniqueId}\n${question}`).digest("base64url");
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count;
  }
}

/**
 * Returns the fault of a call. With `DEMO_FAULT=by-message`, the question names the fault: `#fault:drop` for each call,
 * `#fault:drop@2` for the first two calls with this question. Names in files do not count.
 */
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

function sendFrame(socket: WebSocket, frame: object): void {
  socket.send(JSON.stringify(frame));
}

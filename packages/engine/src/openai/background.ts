import { backoff } from "@docrelay/protocol";
import { setTimeout as wait } from "node:timers/promises";
import { HandedOver, type EngineAsk, type EngineEvent } from "../engine.ts";
import { EngineError, failure } from "../failure/engine-error.ts";
import { HttpCall, type HttpRequest, type HttpTarget } from "./http-call.ts";
import { readMark, type Mark } from "./mark.ts";
import { callOnce, type CallOptions } from "./read-reply.ts";

export interface BackgroundDeps {
  readonly target: HttpTarget;
  readonly options: CallOptions;
  /** Aborted when the engine is disposed. */
  readonly closing: AbortSignal;
}

/**
 * How long docrelay tries to continue a response without getting any text. The server computes meanwhile, which costs
 * money.
 */
const LOST_MS = 30_000;
/** A connection that lasted this long does not count as a failure, because proxies close silent connections. */
const LASTED_MS = 10_000;
const PAUSE_MS = { firstMs: 200, longestMs: 2000 };
const CANCEL_MS = 5000;

/**
 * Answers with a response that the server computes even if no connection reads it. A broken connection is opened again
 * at the same point, and another process may continue the response by its mark. A call that ends early cancels the
 * response, except when it is handed over, or when the call continues a response whose server is unreachable.
 * @throws EngineError `resume-lost` when the server no longer has the response
 */
export async function* askInBackground(
  deps: BackgroundDeps,
  { resume }: Pick<EngineAsk, "resume">,
  begin: () => HttpRequest,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, void> {
  const { target, options } = deps;
  let at = resume && readMark(resume.mark);
  if (resume && !at) throw failure("resume-lost");
  let bytes = resume?.bytes ?? 0;
  let isSent = false;
  let isOver = false;
  /** How often the connection was opened without a new text. */
  let tries = 0;
  let giveUpAt = Infinity;
  try {
    while (true) {
      const from = at && { mark: at, bytes };
      const begun = performance.now();
      try {
        const request = from ? streamOf(target, from.mark) : begin();
        for await (const event of callOnce(target, request, { ...options, from, marks: true }, signal)) {
          // If the answer was cut at docrelay's limit, the server still computes the rest.
          isOver = event.kind === "end" && event.truncated !== true;
          if (event.kind === "text") {
            bytes += Buffer.byteLength(event.text);
            [tries, giveUpAt] = [0, Infinity];
          }
          // Text after an event without a mark would come again, and could not be told apart.
          if (event.kind !== "end") at = event.mark === undefined ? undefined : readMark(event.mark);
          if (event.kind !== "sent" || !isSent) yield event;
          isSent ||= event.kind === "sent";
        }
        return;
      } catch (error) {
        if (from && isGone(error)) {
          isOver = true;
          throw failure("resume-lost", { cause: error });
        }
        if (!at || !isPassing(error, from !== undefined)) throw error;
        if (error.retry === "away" && !isSent) {
          isOver = true; // the caller waits and then continues the same response
          throw error;
        }
        const now = performance.now();
        if (now - begun > LASTED_MS) [tries, giveUpAt] = [0, Infinity];
        giveUpAt = Math.min(giveUpAt, now + LOST_MS);
        const pauseMs = Math.max(backoff(tries++, PAUSE_MS, 1), error.retryAfterMs ?? 0);
        if (now + pauseMs > giveUpAt) throw error;
        await wait(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  } finally {
    if (at && !isOver && !deps.closing.aborted && !(signal.reason instanceof HandedOver)) {
      cancel(deps, at).catch(() => undefined); // the response also ends by itself
    }
  }
}

/**
 * Whether an error is temporary: the connection broke, or the server cannot deliver a response that it continues to
 * compute.
 */
function isPassing(error: unknown, goesOn: boolean): error is EngineError {
  if (!(error instanceof EngineError)) return false;
  return error.why === "cut" || (goesOn && (error.retry === "away" || error.why.startsWith("http-5")));
}

/** Whether the server does not have the response, or cannot continue one. */
function isGone(error: unknown): boolean {
  return error instanceof EngineError && error.retry === "never" && error.why.startsWith("http-");
}

function responseUrl({ url }: HttpTarget, { id }: Mark, rest = ""): URL {
  const made = new URL(url);
  made.pathname += `/${encodeURIComponent(id)}${rest}`;
  return made;
}

function streamOf(target: HttpTarget, mark: Mark): HttpRequest {
  const url = responseUrl(target, mark);
  url.searchParams.set("stream", "true");
  url.searchParams.set("starting_after", String(mark.sequence));
  return { method: "GET", url };
}

async function cancel({ target, closing }: BackgroundDeps, mark: Mark): Promise<void> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(CANCEL_MS)]);
  const request: HttpRequest = { method: "POST", url: responseUrl(target, mark, "/cancel"), body: Buffer.alloc(0) };
  using call = new HttpCall(target, request, signal);
  await call.response(CANCEL_MS);
  call.release();
}

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
  /** A signal that is aborted when the engine is disposed. */
  readonly closing: AbortSignal;
}

/**
 * For how many ms docrelay tries to continue a response without getting any text. Meanwhile the server computes, which
 * costs money.
 */
const LOST_MS = 30_000;
/**
 * A connection that lasted this many ms before it broke does not count as a failure, because proxies close silent
 * connections.
 */
const LASTED_MS = 10_000;
const PAUSE_MS = { firstMs: 200, longestMs: 2000 };
const CANCEL_MS = 5000;

/**
 * Asks a server that computes the response even if no connection reads it. If the connection breaks, a new one
 * continues at the same point. With the mark of that point, another process may continue, too. A call that ends early
 * cancels the response, except when another process continues it, or when the call was to continue a response and could
 * not reach the server.
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
  /** How many times in a row a connection was opened and brought no new text. */
  let tries = 0;
  let giveUpAt = Infinity;
  try {
    while (true) {
      const from = at && { mark: at, bytes };
      const begun = performance.now();
      try {
        const request = from ? streamOf(target, from.mark) : begin();
        for await (const event of callOnce(target, request, { ...options, from, marks: true }, signal)) {
          // If the answer was cut because it is too long for docrelay, the server still computes the rest, and the
          // response has to be cancelled.
          isOver = event.kind === "end" && event.truncated !== true;
          if (event.kind === "text") {
            bytes += Buffer.byteLength(event.text);
            [tries, giveUpAt] = [0, Infinity];
          }
          // After an event without a mark, the answer cannot be continued: the text since the last mark would come
          // again.
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
          isOver = true; // so that the response is not cancelled: the caller waits and then continues it
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
      cancel(deps, at).catch(() => undefined); // if this fails, the response still ends by itself
    }
  }
}

/**
 * Whether docrelay may continue the response after this error: the connection broke; or a request to continue the
 * response (`goesOn`) found the server away, busy or failing (5xx). After any other error the call fails.
 */
function isPassing(error: unknown, goesOn: boolean): error is EngineError {
  if (!(error instanceof EngineError)) return false;
  return error.why === "cut" || (goesOn && (error.retry === "away" || error.why.startsWith("http-5")));
}

/** Whether the server no longer has the response, or cannot continue responses at all. */
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

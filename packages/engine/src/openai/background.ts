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

/** So long the server may not let a response go on, without any text in between: it computes meanwhile, and is paid for that. */
const LOST_MS = 30_000;
/** A connection that lasted this long is no sign of trouble: proxies end those on which nothing is said. */
const LASTED_MS = 10_000;
const PAUSE_MS = { firstMs: 200, longestMs: 2000 };
const CANCEL_MS = 5000;

/**
 * Answers by a response that the server computes whether anybody reads it or not. A connection that breaks is opened again
 * where it was, and another process may go on with the response by its mark. A call that ends early stops the response,
 * unless it is handed over, or goes on with one whose server is away. @throws EngineError `resume-lost` when the server does not have a response any more
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
  /** Since the last text. */
  let tries = 0;
  let giveUpAt = Infinity;
  try {
    while (true) {
      const from = at && { mark: at, bytes };
      const begun = performance.now();
      try {
        const request = from ? streamOf(target, from.mark) : begin();
        for await (const event of callOnce(target, request, { ...options, from, marks: true }, signal)) {
          // An answer that is cut here goes on there.
          isOver = event.kind === "end" && event.truncated !== true;
          if (event.kind === "text") {
            bytes += Buffer.byteLength(event.text);
            [tries, giveUpAt] = [0, Infinity];
          }
          // Text without a mark cannot be told from what would come again.
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
          isOver = true; // the caller waits, and asks for the same response again
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
      cancel(deps, at).catch(() => undefined); // it ends by itself, too
    }
  }
}

/** The connection broke, or the server fails to read what it goes on to compute. */
function isPassing(error: unknown, goesOn: boolean): error is EngineError {
  if (!(error instanceof EngineError)) return false;
  return error.why === "cut" || (goesOn && (error.retry === "away" || error.why.startsWith("http-5")));
}

/** The server does not know the response, or not how to go on with one. */
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

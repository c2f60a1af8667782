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

/** In a row, without any text between them. */
const MAX_RECONNECTS = 5;
/** A connection that lasted this long is no sign of trouble: proxies end those on which nothing is said. */
const LASTED_MS = 10_000;
const PAUSE_MS = { firstMs: 200, longestMs: 2000 };
const CANCEL_MS = 5000;

/**
 * Answers by a response that the server computes whether anybody reads it or not. A connection that breaks is opened again
 * where it was, and another process may go on with the response by its mark. A call that ends early stops the response,
 * unless it is handed over. @throws EngineError `resume-lost` when the server does not have a response any more
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
  try {
    for (let tries = 0; ; tries++) {
      const from = at && { mark: at, bytes };
      const begun = performance.now();
      try {
        const request = from ? streamOf(target, from.mark) : begin();
        for await (const event of callOnce(target, request, { ...options, from, marks: true }, signal)) {
          // An answer that is cut here goes on there.
          isOver = event.kind === "end" && event.truncated !== true;
          if (event.kind === "text") {
            bytes += Buffer.byteLength(event.text);
            tries = 0;
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
        if (!at || !isPassing(error, from !== undefined) || tries >= MAX_RECONNECTS) throw error;
        if (performance.now() - begun > LASTED_MS) tries = 0;
        await wait(backoff(tries, PAUSE_MS, 1), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  } finally {
    if (at && !isOver && !deps.closing.aborted && !(signal.reason instanceof HandedOver)) {
      cancel(deps, at).catch(() => undefined); // it ends by itself, too
    }
  }
}

/** The connection broke, or nothing takes one that is to go on. */
function isPassing(error: unknown, goesOn: boolean): boolean {
  return error instanceof EngineError && (error.why === "cut" || (goesOn && error.retry === "away"));
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

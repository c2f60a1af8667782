import type { IncomingMessage } from "node:http";
import type { EngineEvent, TokenUsage } from "../engine.ts";
import { badReply, EngineError, failure } from "../failure/engine-error.ts";
import { EventReader } from "./event-reader.ts";
import { HttpCall, type HttpRequest, type HttpTarget } from "./http-call.ts";
import { writeMark, type Mark } from "./mark.ts";
import { parseJson, type Dialect, type Piece } from "./piece.ts";
import { createReply } from "./reply-text.ts";
import { readServerError, statusFailure, streamFailure } from "./server-error.ts";

/** The options of one request. Times are in ms. */
export interface CallOptions {
  readonly dialect: Dialect;
  /** The name of the engine that users see. */
  readonly name: string;
  readonly firstReplyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly errorTimeoutMs: number;
  readonly maxReplyBytes: number;
  /** Whether the request asks the server to report its tokens after the reply. */
  readonly tellsUsage?: boolean;
}

/**
 * `marks`: whether the server keeps the response, so that a later call can continue it; then events have the marks of
 * resume points. `from`: set if this call continues a response after this mark; `bytes`: how many bytes of text came
 * before that mark.
 */
export interface ReplyOptions extends CallOptions {
  readonly marks?: boolean;
  readonly from?: { readonly mark: Mark; readonly bytes: number } | undefined;
}

type End = Extract<EngineEvent, { kind: "end" }>;

const MAX_ERROR_BYTES = 65_536;
/**
 * For how many ms the report of tokens is awaited after a reply. The time is short, because a server sends the report
 * at once or not at all.
 */
const USAGE_TIMEOUT_MS = 1000;
/**
 * How many bytes a response may have for each byte of text. A piece of a few bytes has some hundred bytes of JSON
 * around it, and hidden reasoning may be longer than the answer.
 */
const WIRE_BYTES_PER_TEXT_BYTE = 256;

/**
 * Sends one request and yields the events of its reply. When the reply is complete, the connection is kept for another
 * call.
 */
export async function* callOnce(
  target: HttpTarget,
  request: HttpRequest,
  options: ReplyOptions,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, void> {
  using call = await start(target, request, options, signal);
  const response = await call.response(options.firstReplyTimeoutMs);
  await refuseUnlessOk(call, response, { timeoutMs: options.errorTimeoutMs, secrets: target.secrets });
  yield* replyOf(call, response, options, target.secrets);
  call.release();
}

/** Sends a request. If it went over a kept connection that the server had just closed, sends it once more. */
async function start(
  target: HttpTarget,
  request: HttpRequest,
  { firstReplyTimeoutMs }: CallOptions,
  signal: AbortSignal,
): Promise<HttpCall> {
  for (let tries = 1; ; tries++) {
    const call = new HttpCall(target, request, signal);
    try {
      await call.whenSent(firstReplyTimeoutMs);
      await call.response(firstReplyTimeoutMs);
      return call;
    } catch (error) {
      call[Symbol.dispose]();
      const isStale = tries === 1 && call.wasStale && error instanceof EngineError && error.why === "reset";
      if (!isStale) throw error;
    }
  }
}

async function refuseUnlessOk(
  call: HttpCall,
  response: IncomingMessage,
  { timeoutMs, secrets }: { timeoutMs: number; secrets: readonly string[] },
): Promise<void> {
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return;
  const until = performance.now() + timeoutMs;
  const body = await readBody(call, MAX_ERROR_BYTES, () => until - performance.now()).catch(() => "");
  const error = readServerError(parseJson(body)) ?? { message: body.slice(0, 500), code: undefined, type: undefined };
  throw statusFailure(statusCode, error, { retryAfter: headers["retry-after"], secrets });
}

async function* replyOf(
  call: HttpCall,
  response: IncomingMessage,
  options: ReplyOptions,
  secrets: readonly string[],
): AsyncGenerator<EngineEvent, void, void> {
  const { from, marks = false, name, maxReplyBytes } = options;
  const reply = createReply(maxReplyBytes, from?.bytes);
  const isStream = !/json|html|plain/i.test(response.headers["content-type"] ?? "");
  // To continue after the mark `from.mark`, the response must be a stream: any other response has the text before the
  // mark once more.
  if (from && !isStream) throw failure("resume-lost");
  const agoMs = performance.now() - (call.sentAt ?? performance.now());
  let id = from?.mark.id;
  let at = from?.mark;
  let ended: End | undefined;
  let usage: TokenUsage | undefined;
  // If the response can be continued, `sent` waits for the first event, which has the response's id: without the id, no
  // other worker could continue it.
  let isSent = !marks;
  if (isSent) yield { kind: "sent", engine: name, agoMs };
  const idleMs = (): number => (ended ? Math.min(USAGE_TIMEOUT_MS, options.idleTimeoutMs) : options.idleTimeoutMs);
  try {
    for await (const piece of isStream ? streamed(call, options, idleMs) : whole(call, options)) {
      usage = piece.usage ?? usage;
      if (ended && !piece.usage && !piece.end) continue;
      if (ended) return yield withUsage(ended, usage);
      if (piece.error) throw streamFailure(piece.error, secrets);
      const { sequence } = piece;
      if (from && sequence !== undefined && sequence <= from.mark.sequence) continue;
      if (marks) id ??= piece.id;
      const after = id === undefined || sequence === undefined ? undefined : { id, sequence };
      // `sent` comes before the text of this piece. So if the piece has text, `sent` gets the mark from before the
      // piece.
      if (!isSent) yield { kind: "sent", engine: name, agoMs, ...marked(piece.text === undefined ? after : at) };
      isSent = true;
      at = after;
      for (const event of reply.add(piece)) {
        if (event.kind === "end") ended = event;
        else yield event.kind === "text" ? { ...event, ...marked(at) } : event;
      }
      const isCut = reply.isOver && piece.end === undefined;
      if (ended && (isCut || !options.tellsUsage || usage || !isStream)) return yield withUsage(ended, usage);
    }
    if (ended) return yield withUsage(ended, usage);
    throw reply.hasText || id !== undefined ? failure("cut") : badReply("empty");
  } catch (error) {
    // The reply is complete (`ended` is set). Only what follows a reply, such as the report of tokens, was lost.
    if (ended && error instanceof EngineError && error.why !== "stopped") return yield withUsage(ended, usage);
    throw reply.hasText ? asFinal(error) : error;
  }
}

function withUsage(end: End, usage: TokenUsage | undefined): End {
  return usage === undefined ? end : { ...end, usage };
}

function marked(at: Mark | undefined): { mark?: string } {
  return at === undefined ? {} : { mark: writeMark(at) };
}

async function* streamed(
  call: HttpCall,
  options: CallOptions,
  idleMs: () => number,
): AsyncGenerator<Piece, void, void> {
  const { readEvent } = options.dialect;
  const maxEventChars = options.maxReplyBytes * 6 + 65_536;
  const reader = new EventReader(maxEventChars);
  let wireBytes = 0;
  for (let isFirst = true; ; isFirst = false) {
    const bytes = isFirst
      ? await call.next(options.firstReplyTimeoutMs, "timeout-first")
      : await call.next(idleMs(), "timeout-idle");
    wireBytes += bytes?.length ?? 0;
    if (wireBytes > WIRE_BYTES_PER_TEXT_BYTE * options.maxReplyBytes) throw badReply("size");
    for (const event of bytes ? reader.read(bytes) : reader.end()) yield readEvent(event);
    if (!bytes) return;
  }
}

/** Reads a whole reply as JSON, from a server that does not stream. */
async function* whole(call: HttpCall, options: CallOptions): AsyncGenerator<Piece, void, void> {
  const body = await readBody(call, options.maxReplyBytes * 6 + 65_536, () => options.firstReplyTimeoutMs);
  yield options.dialect.readWhole(parseJson(body));
}

/**
 * Reads the body of a response that is not streamed, at most `maxBytes`. `timeoutMs`: returns how many ms the next
 * piece may take.
 */
async function readBody(call: HttpCall, maxBytes: number, timeoutMs: () => number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  while (bytes < maxBytes) {
    const chunk = await call.next(Math.max(0, timeoutMs()), "timeout-idle");
    if (!chunk) break;
    chunks.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString();
}

/** Returns the same failure with the advice `never`, because a part of the answer has arrived and is paid for. */
function asFinal(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.retry === "never") return error;
  const { why, kind, message, said } = error;
  return new EngineError(why, { kind, retry: "never", sentence: message }, { said, cause: error });
}

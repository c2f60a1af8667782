import { Agent as HttpAgent, type Agent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { EARLIER_LEFT_OUT, type Engine, type EngineAsk, type EngineEvent } from "../engine.ts";
import { cleanText, secretsOf } from "../failure/clean-text.ts";
import { badReply, EngineError, failure } from "../failure/engine-error.ts";
import { checkPromptSize } from "../failure/prompt-size.ts";
import type { Prompt } from "../prompt.ts";
import { CHAT } from "./chat-dialect.ts";
import { EventReader } from "./event-reader.ts";
import { HttpCall, type HttpTarget } from "./http-call.ts";
import { parseJson, type Dialect, type Piece } from "./piece.ts";
import { engineUrlProblem } from "../url.ts";
import { createReply } from "./reply-text.ts";
import { RESPONSES } from "./responses-dialect.ts";
import { readServerError, statusFailure, streamFailure } from "./server-error.ts";

export type OpenAiKind = "chat" | "responses";

/** Times in ms. */
export interface OpenAiEngineOptions {
  /** The base, such as `https://host/v1`; the path of the API is added unless the URL ends with it. */
  readonly url: string;
  readonly kind: OpenAiKind;
  readonly apiKey?: string | undefined;
  readonly model?: string | undefined;
  readonly system?: string | undefined;
  /** Further fields of each request, such as `temperature`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Most requests at a time; more wait. */
  readonly connections: number;
  /** From the end of sending the prompt to the first byte of the reply's body. The sending has the same limit. */
  readonly firstReplyTimeoutMs: number;
  /** Between two pieces of a reply. Comments that keep the connection alive count as pieces. */
  readonly idleTimeoutMs: number;
  /** Of the reply's text, as UTF-8. A longer one is cut, and its end is marked `truncated`. */
  readonly maxReplyBytes: number;
  /** Largest body of a request. Older messages are left out first. Default 0: none is refused. */
  readonly maxPromptBytes?: number;
  /** Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** For the body of an HTTP error, default 2,000. */
  readonly errorTimeoutMs?: number;
}

/** Servers close idle connections after 5 s and more; a request on one that is being closed would be lost. */
const KEEP_MS = 4000;
const MAX_ERROR_BYTES = 65_536;
/** A piece of a few bytes has some hundred bytes of JSON around it, and hidden reasoning may be longer than the answer. */
const WIRE_BYTES_PER_TEXT_BYTE = 256;

/**
 * An engine behind an OpenAI-compatible server: streamed Chat Completions or Responses, one request for each call.
 *
 * `sent` comes when the server has answered 200, and says how long ago the prompt was sent. An error after the first piece
 * of text asks for no other call, which would cost another whole answer. Redirects are not followed: they would carry the
 * key to another host. Disposing ends all calls as `stopped`.
 * @throws TypeError when the URL has a problem.
 */
export function createOpenAiEngine(options: OpenAiEngineOptions): Engine {
  const problem = engineUrlProblem(options.url, "http");
  if (problem) throw new TypeError(`the engine's URL ${problem}`);
  const target = targetOf(options);
  const closing = new AbortController();

  async function* ask(request: EngineAsk, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    signal.throwIfAborted();
    const body = fittingBody(request, options);
    using call = await start(target, body, options, AbortSignal.any([signal, closing.signal]));
    const response = await call.response(options.firstReplyTimeoutMs);
    await refuseUnlessOk(call, response, { timeoutMs: options.errorTimeoutMs ?? 2000, secrets: target.secrets });
    yield { kind: "sent", engine: nameOf(options), agoMs: performance.now() - (call.sentAt ?? performance.now()) };
    yield* replyOf(call, response, options, target.secrets);
    call.release();
  }

  return {
    ask,
    async [Symbol.asyncDispose]() {
      closing.abort(failure("stopped"));
      target.agent.destroy();
    },
  };
}

function dialectOf(kind: OpenAiKind): Dialect {
  return kind === "chat" ? CHAT : RESPONSES;
}

function nameOf({ kind, model }: OpenAiEngineOptions): string {
  return model === undefined ? kind : `${kind} ${cleanText(model) ?? ""}`.slice(0, 100);
}

function targetOf(options: OpenAiEngineOptions): HttpTarget & { agent: Agent } {
  const { path } = dialectOf(options.kind);
  const url = new URL(options.url);
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(`/${path}`) ? base : `${base}/${path}`;
  const headers = {
    ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
    ...options.headers,
  };
  const agentOptions = { keepAlive: true, maxSockets: options.connections, timeout: KEEP_MS };
  return {
    url,
    headers,
    agent: url.protocol === "https:" ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions),
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    secrets: secretsOf(options.url, headers),
  };
}

function bodyOf({ message, history = [] }: EngineAsk, options: OpenAiEngineOptions): Buffer {
  const { model, system, params, kind } = options;
  const messages = [...history, { role: "user" as const, text: promptText(message) }];
  return Buffer.from(JSON.stringify({ ...dialectOf(kind).body({ model, system, messages }), ...params }));
}

/** The body with as much of the conversation as its largest size allows. @throws EngineError `prompt-size` */
function fittingBody(request: EngineAsk, options: OpenAiEngineOptions): Buffer {
  const { maxPromptBytes = 0 } = options;
  let { history = [] } = request;
  let body = bodyOf(request, options);
  while (maxPromptBytes > 0 && body.length > maxPromptBytes && history.length > 0) {
    // A question goes with its answer, and the older half at once.
    history = history.slice(2 * Math.ceil(history.length / 4));
    const [first, ...rest] = history;
    const told = first
      ? { history: [{ ...first, text: EARLIER_LEFT_OUT + first.text }, ...rest] }
      : { history, message: EARLIER_LEFT_OUT + promptText(request.message) };
    body = bodyOf({ ...request, ...told }, options);
  }
  checkPromptSize(body.length, maxPromptBytes);
  return body;
}

function promptText(message: Prompt): string {
  if (typeof message === "string") return message;
  return message.map((part) => (typeof part === "string" ? part : part.join("\n"))).join("");
}

/** Sends a request; once more when the connection was a kept one that the server had closed meanwhile. */
async function start(
  target: HttpTarget,
  body: Buffer,
  { firstReplyTimeoutMs }: OpenAiEngineOptions,
  signal: AbortSignal,
): Promise<HttpCall> {
  for (let tries = 1; ; tries++) {
    const call = new HttpCall(target, body, signal);
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
  options: OpenAiEngineOptions,
  secrets: readonly string[],
): AsyncGenerator<EngineEvent, void, void> {
  const reply = createReply(options.maxReplyBytes);
  const isStream = !/json|html|plain/i.test(response.headers["content-type"] ?? "");
  const pieces = isStream ? streamed(call, options) : whole(call, options);
  try {
    for await (const piece of pieces) {
      if (piece.error) throw streamFailure(piece.error, secrets);
      yield* reply.add(piece);
      if (reply.isOver) return;
    }
    throw reply.hasText ? failure("cut") : badReply("empty");
  } catch (error) {
    throw reply.hasText ? asFinal(error) : error;
  }
}

async function* streamed(call: HttpCall, options: OpenAiEngineOptions): AsyncGenerator<Piece, void, void> {
  const { readEvent } = dialectOf(options.kind);
  const maxEventChars = options.maxReplyBytes * 6 + 65_536;
  const reader = new EventReader(maxEventChars);
  let wireBytes = 0;
  for (let isFirst = true; ; isFirst = false) {
    const bytes = isFirst
      ? await call.next(options.firstReplyTimeoutMs, "timeout-first")
      : await call.next(options.idleTimeoutMs, "timeout-idle");
    wireBytes += bytes?.length ?? 0;
    if (wireBytes > WIRE_BYTES_PER_TEXT_BYTE * options.maxReplyBytes) throw badReply("size");
    for (const event of bytes ? reader.read(bytes) : reader.end()) yield readEvent(event);
    if (!bytes) return;
  }
}

/** A server that does not stream sends the whole reply as JSON. */
async function* whole(call: HttpCall, options: OpenAiEngineOptions): AsyncGenerator<Piece, void, void> {
  const body = await readBody(call, options.maxReplyBytes * 6 + 65_536, () => options.firstReplyTimeoutMs);
  yield dialectOf(options.kind).readWhole(parseJson(body));
}

/** At most `maxBytes` of a body that is not streamed. `timeoutMs`: for the next piece of it. */
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

/** The same failure without the advice to call again: a part of the answer was there, and has been paid for. */
function asFinal(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.retry === "never") return error;
  const { why, kind, message, said } = error;
  return new EngineError(why, { kind, retry: "never", sentence: message }, { said, cause: error });
}

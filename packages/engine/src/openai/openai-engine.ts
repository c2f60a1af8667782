import { Agent as HttpAgent, type Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { EARLIER_LEFT_OUT, type Engine, type EngineAsk, type EngineEvent } from "../engine.ts";
import { checkUrl, type EngineOptions } from "../engine-options.ts";
import { cleanText, secretsOf } from "../failure/clean-text.ts";
import { failure } from "../failure/engine-error.ts";
import { checkPromptSize } from "../failure/prompt-size.ts";
import type { Prompt } from "../prompt.ts";
import { askInBackground } from "./background.ts";
import { CHAT } from "./chat-dialect.ts";
import type { HttpRequest, HttpTarget } from "./http-call.ts";
import type { Dialect } from "./piece.ts";
import { callOnce, type CallOptions } from "./read-reply.ts";
import { fieldsOf } from "./server-error.ts";
import { RESPONSES } from "./responses-dialect.ts";

export type OpenAiKind = "chat" | "responses";

/**
 * The options of an engine behind an OpenAI-compatible server.
 * - `url`: the base URL, such as `https://host/v1`; the path of the API is added unless the URL ends with it.
 * - `maxPromptBytes`: if the prompt is larger, the oldest messages of the conversation are left out.
 * - Times are in ms.
 */
export interface OpenAiEngineOptions extends EngineOptions {
  readonly kind: OpenAiKind;
  readonly apiKey?: string | undefined;
  readonly model?: string | undefined;
  readonly system?: string | undefined;
  /** Fields that are added to each request, such as `temperature`. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** How many ms reading the body of an HTTP error may take. Default: 2,000. */
  readonly errorTimeoutMs?: number;
}

/**
 * For how many ms an idle connection is kept. The time is shorter than that of servers (5 s or more), because a request
 * on a connection that the server is closing would be lost.
 */
const KEEP_MS = 4000;

/**
 * Creates an engine behind an OpenAI-compatible server: streamed Chat Completions or Responses, one request for each
 * call.
 *
 * `sent` is emitted when the server has responded with 200; it tells how long ago the prompt was sent. An error after
 * the first piece of text has the advice `never`, because a repeated call would cost another whole answer. With the
 * parameter `background`, another call can continue a response. Redirects are not followed, because they would send the
 * key to another host. Disposing ends all calls as `stopped`.
 * @throws TypeError when the URL is not valid.
 */
export function createOpenAiEngine(options: OpenAiEngineOptions): Engine {
  checkUrl(options, "http");
  const target = targetOf(options);
  const closing = new AbortController();
  const { firstReplyTimeoutMs, idleTimeoutMs, maxReplyBytes, errorTimeoutMs = 2000 } = options;
  const times = { firstReplyTimeoutMs, idleTimeoutMs, errorTimeoutMs };
  const { stream_options: asked } = options.params ?? {};
  const calling: CallOptions = {
    dialect: dialectOf(options.kind),
    name: nameOf(options),
    maxReplyBytes,
    ...times,
    tellsUsage: fieldsOf(asked)?.["include_usage"] === true,
  };

  async function* ask(request: EngineAsk, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    signal.throwIfAborted();
    const ended = AbortSignal.any([signal, closing.signal]);
    const begin = (): HttpRequest => ({
      method: "POST",
      body: fittingBody(request, options),
      headers: request.traceparent === undefined ? {} : { traceparent: request.traceparent },
    });
    if (isInBackground(options)) {
      yield* askInBackground({ target, options: calling, closing: closing.signal }, request, begin, ended);
    } else {
      if (request.resume) throw failure("resume-lost");
      yield* callOnce(target, begin(), calling, ended);
    }
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

function isInBackground({ kind, params }: OpenAiEngineOptions): boolean {
  return kind === "responses" && params?.["background"] === true;
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
  const stored = isInBackground(options) ? { store: true } : {};
  return Buffer.from(JSON.stringify({ ...dialectOf(kind).body({ model, system, messages }), ...stored, ...params }));
}

/**
 * Returns the body of the request. If it exceeds `maxPromptBytes`, the oldest messages of the conversation are left
 * out.
 * @throws EngineError `prompt-size`
 */
function fittingBody(request: EngineAsk, options: OpenAiEngineOptions): Buffer {
  const { maxPromptBytes = 0 } = options;
  let { history = [] } = request;
  let body = bodyOf(request, options);
  while (maxPromptBytes > 0 && body.length > maxPromptBytes && history.length > 0) {
    // Drops the older half of the messages, in pairs of a question and its answer.
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

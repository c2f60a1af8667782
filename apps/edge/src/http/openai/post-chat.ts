import {
  chatRequestSchema,
  Refusal,
  wireError,
  type ChatChunk,
  type Event,
  type EventOf,
  type OpenAiError,
  type Terminal,
  type WireError,
} from "@docrelay/protocol";
import { followAsk, type FollowAskTarget } from "../../conversation/follow-ask.ts";
import { readKey, toFiles } from "../api/ask-request.ts";
import type { ApiCall } from "../api/call.ts";
import { openEventStream } from "../api/event-stream.ts";
import { acceptCall, type PostAskDeps } from "../api/post-ask.ts";
import { sendJson } from "../api/respond.ts";
import { toChatAsk } from "./chat-ask.ts";
import {
  chatHead,
  finishReason,
  MODEL,
  toChunk,
  toCompletion,
  toExtension,
  toUsageChunk,
  type ChatHead,
} from "./chat-completion.ts";
import { cancelledError } from "../../report/failure.ts";
import { readOpenAi } from "./read-request.ts";
import { toOpenAiError } from "./send-error.ts";
import { NOTHING_TOLD, tell } from "./told-text.ts";

/**
 * `POST /v1/chat/completions`: accepts one ask, in a new conversation unless the request names one, and sends its whole
 * reply or its chunks. When the connection ends early the ask is cancelled, unless the client can fetch the reply later
 * by its `Idempotency-Key`. @throws Refusal
 */
export async function postChat(deps: PostAskDeps, call: ApiCall): Promise<void> {
  const { user, request } = call;
  const id = readKey(request);
  const isKeyed = request.headers["idempotency-key"] !== undefined;
  const body = await readOpenAi(deps.limits, call, chatRequestSchema);
  const { message, files } = toChatAsk(body);
  // A new conversation gets the id of the ask, so that a request sent again finds the same conversation.
  const conversation = body.conversation ?? id;
  const ask = { user, id, conversation, message, files: toFiles(files, deps.limits), origin: "socket" } as const;
  const accepted = await acceptCall(deps, call, ask);
  const target = { user, conversation, ask: id, ...accepted };
  const model = body.model ?? MODEL;
  try {
    const form = { model, hasUsage: body.stream_options?.include_usage === true };
    await (body.stream ? sendChunks(deps, call, target, form) : sendWhole(deps, call, target, model));
  } catch (error) {
    if (call.isVisitor || !isKeyed) deps.cancelAsk(user, conversation, id).catch(deps.onTrouble);
    throw error;
  }
}

/** Returns one block of a stream: a chunk, an error, or `[DONE]`, which marks the stream's end. */
export const chatBlock = (data: ChatChunk | OpenAiError | "[DONE]"): string =>
  `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/**
 * Returns the last block of a stream that ends early. OpenAI's clients throw an error that comes as a block; without
 * such a block they would take the stream for a whole reply.
 */
export const chatClosing = (error: WireError): string => chatBlock(toOpenAiError(error));

async function sendWhole(deps: PostAskDeps, call: ApiCall, target: FollowAskTarget, model: string): Promise<void> {
  let accepted: EventOf<"accepted"> | undefined;
  const end = await followAsk(
    deps,
    target,
    (event) => {
      if (event.type === "accepted") accepted = event;
    },
    call.signal,
  );
  const error = errorOf(end);
  if (error || end.type !== "completed") throw new Refusal(error ?? wireError("INTERNAL"));
  sendJson(call.response, 200, toCompletion(chatHead(accepted ?? end, model), accepted, end));
}

async function sendChunks(
  deps: PostAskDeps,
  call: ApiCall,
  target: FollowAskTarget,
  { model, hasUsage }: { model: string; hasUsage: boolean },
): Promise<void> {
  const { write, whenRoom, end } = openEventStream(call, deps.maxSocketBufferBytes);
  const voided = new AbortController();
  let head: ChatHead | undefined;
  let accepted: EventOf<"accepted"> | undefined;
  let told = NOTHING_TOLD;
  const take = (event: Event): void => {
    if (voided.signal.aborted) return;
    head ??= chatHead(event, model);
    if (event.type === "accepted") {
      accepted = event;
      write(chatBlock(toChunk(head, { role: "assistant", content: "" })));
    }
    try {
      const { state, piece } = tell(told, event);
      told = state;
      if (piece !== "") write(chatBlock(toChunk(head, { content: piece })));
    } catch (error) {
      voided.abort(error);
    }
    if (event.type !== "completed" || voided.signal.aborted) return;
    write(chatBlock({ ...toChunk(head, {}, finishReason(event)), docrelay: toExtension(accepted, event) }));
    if (hasUsage) write(chatBlock(toUsageChunk(head, event)));
    write(chatBlock("[DONE]"));
  };
  const signal = AbortSignal.any([call.signal, voided.signal]);
  const last = await followAsk(deps, { ...target, whenRoom }, take, signal);
  const error = errorOf(last);
  if (error) write(chatClosing(error));
  end();
}

/** Returns the reason why an ask has no whole reply; undefined if it has one. */
function errorOf(end: EventOf<Terminal>): WireError | undefined {
  if (end.type === "cancelled") return cancelledError();
  return end.type === "failed" ? end.error : undefined;
}

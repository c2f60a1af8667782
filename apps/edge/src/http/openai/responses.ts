import { findAsk, hideAsk, positionAt } from "@docrelay/channel";
import {
  Refusal,
  refuse,
  responseRequestSchema,
  wireError,
  type DeletedResponse,
  type Event,
  type EventOf,
  type OpenAiResponse,
  type WireError,
} from "@docrelay/protocol";
import { followAsk, type FollowAskTarget } from "../../conversation/follow-ask.ts";
import type { OwnConversations } from "../../conversation/own-conversations.ts";
import { readLog } from "../../conversation/read-log.ts";
import { readKey, toFiles } from "../api/ask-request.ts";
import type { ApiCall } from "../api/call.ts";
import { openEventStream } from "../api/event-stream.ts";
import { acceptCall, type PostAskDeps } from "../api/post-ask.ts";
import { sendJson } from "../api/respond.ts";
import { readOpenAi } from "./read-request.ts";
import { toResponseAsk } from "./response-ask.ts";
import { beginResponse, continueResponse, snapshot, type ResponseEvent, type ResponseState } from "./response-state.ts";

export interface ResponsesDeps extends PostAskDeps {
  readonly conversations: OwnConversations;
}

/**
 * How long a request to cancel waits for the ask's terminal event: a worker that runs the ask must hear of it first.
 */
const CANCEL_WAIT_MS = 5000;

/**
 * `POST /v1/responses`: accepts one ask, in the conversation of the previous response, in the conversation that the
 * request names, or in a new one. When the client disconnects, the ask continues; it is cancelled only if no client
 * could read its reply later. @throws Refusal
 */
export async function postResponse(deps: PostAskDeps, call: ApiCall): Promise<void> {
  const { user, request } = call;
  const id = readKey(request);
  const body = await readOpenAi(deps.limits, call, responseRequestSchema);
  if (body.background && call.isVisitor) throw refuse("AUTH_REQUIRED");
  const given = typeof body.conversation === "string" ? body.conversation : body.conversation?.id;
  const previous = body.previous_response_id;
  const known = previous ? (await find(deps, user, previous)).conversation : given;
  const { message, files } = toResponseAsk(body, known);
  const conversation = known ?? id;
  const ask = { user, id, conversation, message, files: toFiles(files, deps.limits), origin: "socket" } as const;
  const target = { user, conversation, ask: id, ...(await acceptCall(deps, call, ask)) };
  try {
    if (body.stream) return await sendEvents(deps, call, target, -1);
    if (body.background) return sendJson(call.response, 200, await readNow(deps, call, await find(deps, user, id)));
    const { response, error } = await readEnd(deps, target, call.signal);
    if (error) throw new Refusal(error);
    sendJson(call.response, 200, response);
  } catch (error) {
    if (call.isVisitor || isSentAgain(call, error)) deps.cancelAsk(user, conversation, id).catch(deps.onTrouble);
    throw error instanceof Refusal ? new Refusal({ ask: id, ...error.wire }) : error;
  }
}

/**
 * Whether the client will send the request again as a new ask after this edge's shutdown: it has received nothing yet,
 * and without an idempotency key its second request gets a new id.
 */
function isSentAgain({ request, response }: ApiCall, error: unknown): boolean {
  const isTold = response.closed || response.headersSent || request.headers["idempotency-key"] !== undefined;
  return !isTold && error instanceof Refusal && error.wire.code === "SHUTTING_DOWN";
}

/**
 * `GET /v1/responses/:id`: the response as it is now, or its events after `starting_after`. @throws Refusal `NOT_FOUND`
 */
export async function getResponse(deps: PostAskDeps, call: ApiCall): Promise<void> {
  const accepted = await find(deps, call.user, call.params[0] ?? "");
  if (call.query.get("stream") !== "true") return sendJson(call.response, 200, await readNow(deps, call, accepted));
  const after = call.query.get("starting_after") ?? "-1";
  if (!/^(-1|\d{1,15})$/.test(after)) {
    throw refuse("BAD_MESSAGE", { reason: "schema", message: "`starting_after` must be a sequence number." });
  }
  await sendEvents(deps, call, targetOf(call.user, accepted), Number(after));
}

/**
 * `POST /v1/responses/:id/cancel`: cancels the ask and returns the response as it ended. Idempotent. @throws Refusal
 * `NOT_FOUND`
 */
export async function cancelResponse(deps: PostAskDeps, call: ApiCall): Promise<void> {
  const { user, signal } = call;
  const accepted = await find(deps, user, call.params[0] ?? "");
  await deps.cancelAsk(user, accepted.conversation, accepted.ask);
  const late = AbortSignal.timeout(CANCEL_WAIT_MS);
  try {
    const { response } = await readEnd(deps, targetOf(user, accepted), AbortSignal.any([signal, late]));
    sendJson(call.response, 200, response);
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    sendJson(call.response, 200, await readNow(deps, call, accepted));
  }
}

/**
 * `DELETE /v1/responses/:id`: cancels the response if it has not ended; afterwards it cannot be read. If its
 * conversation has no other ask, the conversation is removed now. Otherwise the response's text is removed together
 * with the conversation. @throws Refusal `NOT_FOUND`
 */
export async function deleteResponse(deps: ResponsesDeps, call: ApiCall): Promise<void> {
  const { user } = call;
  const { conversation, ask: id } = await find(deps, user, call.params[0] ?? "");
  const isAlone = conversation === id && (await hasOnly(deps, call, id));
  if (isAlone) await deps.conversations.remove(user, conversation);
  else {
    await deps.cancelAsk(user, conversation, id);
    await hideAsk(deps.store, user, id);
  }
  const deleted: DeletedResponse = { id, object: "response", deleted: true };
  sendJson(call.response, 200, deleted);
}

async function hasOnly({ openConversation }: PostAskDeps, call: ApiCall, id: string): Promise<boolean> {
  for await (const { ask } of readLog(openConversation, call, id)) if (ask !== id) return false;
  return true;
}

export const responseClosing = ({ code, message }: WireError): string =>
  block({ type: "error", code, message, param: null });

const block = (event: ResponseEvent & { sequence_number?: number }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

async function find({ store }: PostAskDeps, user: string, id: string): Promise<EventOf<"accepted">> {
  const accepted = await findAsk(store, user, id);
  if (!accepted) throw refuse("NOT_FOUND");
  return accepted;
}

function targetOf(user: string, { conversation, ask, seq }: EventOf<"accepted">): FollowAskTarget {
  return { user, conversation, ask, seq, duplicate: true };
}

/**
 * Turns the events of an ask into the events of its response, which are numbered from 0. A replay of the log gives the
 * same numbers.
 */
function createTeller(onEvent: (event: ResponseEvent & { sequence_number: number }) => void): {
  apply(event: Event): void;
  readonly state: ResponseState | undefined;
} {
  let state: ResponseState | undefined;
  let next = 0;
  return {
    get state() {
      return state;
    },
    apply(event) {
      if (!state && event.type !== "accepted") return;
      const step = state ? continueResponse(state, event) : beginResponse(event as EventOf<"accepted">);
      state = step.state;
      for (const each of step.events) onEvent({ ...each, sequence_number: next++ });
    },
  };
}

/** Sends the events of a response whose sequence number is above `after`. @throws Refusal, as `followAsk` does */
async function sendEvents(deps: PostAskDeps, call: ApiCall, target: FollowAskTarget, after: number): Promise<void> {
  const { write, whenRoom, end } = openEventStream(call, deps.maxSocketBufferBytes);
  const teller = createTeller((event) => {
    if (event.sequence_number > after) write(block(event));
  });
  await followAsk(deps, { ...target, whenRoom }, (event) => teller.apply(event), call.signal);
  end();
}

async function readEnd(
  deps: PostAskDeps,
  target: FollowAskTarget,
  signal: AbortSignal,
): Promise<{ response: OpenAiResponse; error?: WireError }> {
  const teller = createTeller(() => undefined);
  const end = await followAsk(deps, target, (event) => teller.apply(event), signal);
  if (!teller.state) throw new Refusal(wireError("RESUME_LOST"));
  return { response: snapshot(teller.state), ...(end.type === "failed" ? { error: end.error } : {}) };
}

/** Reads the ask's events and returns the response as it is now. */
async function readNow(
  { store, openConversation }: PostAskDeps,
  call: ApiCall,
  { conversation, ask, seq }: EventOf<"accepted">,
): Promise<OpenAiResponse> {
  const teller = createTeller(() => undefined);
  const after = seq > 1 ? await positionAt(store, call.user, conversation, seq - 1) : undefined;
  for await (const event of readLog(openConversation, call, conversation, after))
    if (event.ask === ask) teller.apply(event);
  if (!teller.state) throw refuse("RESUME_LOST");
  return snapshot(teller.state);
}

import { askAddress, hasAsk, type Store } from "@docrelay/channel";
import { Refusal, type Event, type EventOf, type HttpAnswer } from "@docrelay/protocol";
import { acceptPatiently } from "../../asks/accept-patiently.ts";
import type { AcceptAsk, AskInput } from "../../asks/accept-ask.ts";
import type { CancelAsk } from "../../asks/cancel-ask.ts";
import { followAsk, type FollowAskDeps, type FollowAskTarget } from "../../conversation/follow-ask.ts";
import type { EdgeMetrics } from "../../report/metrics.ts";
import { cancelledError, toFailure } from "../../report/failure.ts";
import { readAsk } from "./ask-request.ts";
import type { ApiCall } from "./call.ts";
import { openEventStream } from "./event-stream.ts";
import { removeFiles, type FormDeps } from "./multipart.ts";
import { sendJson } from "./respond.ts";

export interface PostAskDeps extends FormDeps, FollowAskDeps {
  readonly store: Store;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly maxSocketBufferBytes: number;
  readonly metrics: EdgeMetrics;
  onTrouble(error: unknown): void;
}

/**
 * `POST /v1/asks`: accepts an ask and sends its events as a stream; with `?wait=1`, waits for the ask's end and sends
 * the answer or the error as JSON. When the client disconnects, the ask continues, unless the request had no token:
 * then it is cancelled, because no client could read the answer.
 */
export async function postAsk(deps: PostAskDeps, call: ApiCall): Promise<void> {
  const { ask, arrived } = await readAsk(deps, call);
  const { user, conversation, id } = ask;
  const accepted = await acceptCall(deps, call, ask).catch(async (error: unknown) => {
    if (await isSurelyRefused(deps, ask, error)) await removeFiles(deps, user, arrived);
    throw error;
  });
  try {
    const target = { user, conversation, ask: id, ...accepted };
    await (call.query.get("wait") === "1" ? sendEnd(deps, call, target) : sendEvents(deps, call, target));
  } catch (error) {
    if (call.isVisitor) deps.cancelAsk(user, conversation, id).catch(deps.onTrouble);
    throw error instanceof Refusal ? new Refusal({ ask: id, ...error.wire }) : error;
  }
}

/**
 * Whether no try has accepted the ask, or has accepted it with the files of this request. After an error of Redis the
 * outcome is unknown; and if such an error is followed by a retry that is refused, the ask may be stored all the same.
 */
async function isSurelyRefused({ store, onTrouble }: PostAskDeps, ask: AskInput, error: unknown): Promise<boolean> {
  const { severity, wire } = toFailure(error);
  if (severity !== "refused" || wire.code === "STORE_UNAVAILABLE") return false;
  if (wire.code === "ASK_CONFLICT") return true; // the ask that is stored has other files
  const isStored = hasAsk(store, askAddress(ask.user, ask.conversation, ask.id));
  return isStored.then(
    (known) => !known,
    (failure: unknown) => (onTrouble(failure), false),
  );
}

/** Accepts the ask of a request. @throws Refusal; the reason of the call's signal */
export async function acceptCall(
  { acceptAsk, cancelAsk, limits, metrics, onTrouble }: PostAskDeps,
  { signal, isVisitor, request }: ApiCall,
  ask: AskInput,
): Promise<{ seq: number; duplicate: boolean }> {
  signal.throwIfAborted(); // the client may have disconnected while its files were stored
  const startedAt = performance.now();
  const { traceparent: given } = request.headers;
  const traceparent = typeof given === "string" ? given : undefined;
  try {
    const accepted = await acceptPatiently(
      acceptAsk,
      { ...ask, traceparent },
      limits.inlineFileBytes,
      () => signal.aborted,
    );
    metrics.asked((performance.now() - startedAt) / 1000);
    return accepted;
  } catch (error) {
    const { wire, severity } = toFailure(error);
    // The visitor's ask may be durable although the acceptance failed; it is cancelled, because no client could read
    // its reply.
    if (severity === "store" && isVisitor) cancelAsk(ask.user, ask.conversation, ask.id).catch(onTrouble);
    throw severity === "store" ? new Refusal({ ...wire, ask: ask.id }, { cause: error }) : error;
  }
}

async function sendEvents(deps: PostAskDeps, call: ApiCall, target: FollowAskTarget): Promise<void> {
  const stream = openEventStream(call, deps.maxSocketBufferBytes);
  const { whenRoom } = stream;
  await followAsk(deps, { ...target, whenRoom }, (event) => stream.send(event), call.signal);
  stream.end();
}

async function sendEnd(deps: PostAskDeps, call: ApiCall, target: FollowAskTarget): Promise<void> {
  const { ask, conversation } = target;
  let files: EventOf<"accepted">["files"] = [];
  const take = (event: Event): void => {
    if (event.type === "accepted") ({ files } = event);
  };
  const end = await followAsk(deps, target, take, call.signal);
  if (end.type === "failed") throw new Refusal(end.error);
  if (end.type === "cancelled") throw new Refusal(cancelledError());
  const { text, citations = [], suggestions, timings } = end;
  const answer: HttpAnswer = {
    ask,
    conversation,
    text,
    citations,
    ...(suggestions && { suggestions }),
    files,
    timings,
  };
  sendJson(call.response, 200, answer);
}

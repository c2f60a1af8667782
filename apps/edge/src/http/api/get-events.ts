import { hasLog, positionAt, type FanOut, type Store } from "@docrelay/channel";
import { Refusal, refuse, type Position } from "@docrelay/protocol";
import { followConversation } from "../../conversation/follow-conversation.ts";
import type { OpenConversation } from "../../conversation/open-conversation.ts";
import { toFailure } from "../../report/failure.ts";
import { ownerOf } from "../../sharing/shares.ts";
import type { ApiCall } from "./call.ts";
import { openEventStream } from "./event-stream.ts";

export interface GetEventsDeps {
  readonly store: Store;
  readonly fanOut: FanOut;
  readonly openConversation: OpenConversation;
  readonly maxSocketBufferBytes: number;
}

/**
 * The log is read again at this interval: if the published message of a conversation's last event was lost, no later
 * event shows the gap.
 */
const LOOK_AGAIN_MS = 30_000;

/**
 * `GET /v1/conversations/:id/events`: the events after a position, then new events until the client disconnects.
 * @throws Refusal `NOT_FOUND` when the conversation has no events; `RESUME_LOST` when the position is no longer kept
 */
export async function getEvents(deps: GetEventsDeps, call: ApiCall): Promise<void> {
  const { signal } = call;
  const [conversation = ""] = call.params;
  const user = ownerOf(call.identity, conversation);
  const after = await readPosition(deps, call, conversation);
  const stream = openEventStream(call, deps.maxSocketBufferBytes);
  const ended = Promise.withResolvers<never>();
  const abort = (): void => ended.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const reader = followConversation(
    { fanOut: deps.fanOut, open: deps.openConversation, toWire: (error) => toFailure(error).wire },
    { user, conversation, after, whenRoom: stream.whenRoom },
    {
      apply: (event) => stream.send(event),
      reset: () => ended.reject(refuse("RESUME_LOST")),
      fail: (error) => ended.reject(new Refusal(error)),
    },
  );
  const looking = setInterval(() => reader.look(), LOOK_AGAIN_MS);
  looking.unref();
  try {
    if (signal.aborted) abort();
    await ended.promise;
  } finally {
    clearInterval(looking);
    signal.removeEventListener("abort", abort);
    reader.stop();
  }
}

/**
 * Returns the position after which the client wants to read: the header `Last-Event-ID`, which an EventSource sends
 * when it reconnects, else the parameter `after`.
 */
async function readPosition(
  { store, openConversation }: GetEventsDeps,
  { request, query, identity }: ApiCall,
  conversation: string,
): Promise<Position | undefined> {
  const user = ownerOf(identity, conversation);
  const named = request.headers["last-event-id"]?.toString() || query.get("after");
  if (named === null || named === undefined) {
    if (!(await hasLog(store, user, conversation))) throw refuse("NOT_FOUND");
    return undefined;
  }
  if (!/^\d{1,15}$/.test(named)) {
    throw refuse("BAD_MESSAGE", { reason: "schema", message: "`after` must be the seq of an event." });
  }
  const seq = Number(named);
  if (seq === 0) {
    const reader = { user, gone: false, whenRoom: (callback: () => void): void => callback() };
    await openConversation(reader, { conversation, after: { seq, nonce: "" } });
    return undefined;
  }
  const position = await positionAt(store, user, conversation, seq);
  if (!position) throw refuse("RESUME_LOST");
  return position;
}

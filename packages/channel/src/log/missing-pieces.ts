import type { Event } from "@docrelay/protocol";

/**
 * Returns the events with an empty `delta` for each delta that was removed from the log, so that `seq` has no gaps. A
 * missing delta always belongs to the ask and attempt of the event before it. `before`: the event just before `events`.
 */
export function withPieces(events: readonly Event[], before?: Event): Event[] {
  let last = before;
  return events.flatMap((event) => {
    const pieces = last ? missing(last, event.seq) : [];
    last = event;
    return [...pieces, event];
  });
}

function missing({ conversation, seq, nonce, ask, attempt, at }: Event, end: number): Event[] {
  return Array.from({ length: Math.max(0, end - seq - 1) }, (_, index) => ({
    conversation,
    seq: seq + 1 + index,
    nonce: `${nonce}~${index}`,
    ask,
    attempt,
    at,
    type: "delta",
    text: "",
  }));
}

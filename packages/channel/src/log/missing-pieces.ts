import type { Event } from "@docrelay/protocol";

/**
 * Events of a log with an empty piece in the place of each that the log has dropped, so that `seq` has no hole. What is missing
 * are pieces of the ask and attempt of the event before. `before`: the event that the first one follows.
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

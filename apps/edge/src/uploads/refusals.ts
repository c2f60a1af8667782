import { refuse } from "@docrelay/protocol";

const FULL_RETRY_MS = 5000;

/** A refusal: the room of all users is used up, or nothing new is accepted now. */
export function full(details: { freeInMs?: number | undefined; reason?: "paused" | "memory" } = {}): Error {
  const { freeInMs = FULL_RETRY_MS, ...reason } = details;
  return refuse("BUSY", { retryAfterMs: Math.min(freeInMs, FULL_RETRY_MS), ...reason });
}

export function unknownUpload(): Error {
  return refuse("NOT_FOUND", { message: "There is no such upload. Begin it again." });
}

/** A refusal: bytes before a chunk are missing. */
export function hole(expectedOffset: number): Error {
  const message = `The next byte to come is ${expectedOffset}.`;
  return refuse("BAD_MESSAGE", { reason: "offset", expectedOffset, message });
}

/** A refusal: a file or a chunk is too large. */
export function tooLarge(reason: "file" | "frame", message: string): Error {
  return refuse("PAYLOAD_TOO_LARGE", { reason, message });
}

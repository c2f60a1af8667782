import { refuse } from "@docrelay/protocol";

const FULL_RETRY_MS = 5000;

/** All users have used their room, or nothing new is taken now. */
export function full(details: { freeInMs?: number | undefined; reason?: "paused" | "memory" } = {}): Error {
  const { freeInMs = FULL_RETRY_MS, ...reason } = details;
  return refuse("BUSY", { retryAfterMs: Math.min(freeInMs, FULL_RETRY_MS), ...reason });
}

export function unknownUpload(): Error {
  return refuse("NOT_FOUND", { message: "There is no such upload. Begin it again." });
}

/** Bytes before a chunk are missing. */
export function hole(expectedOffset: number): Error {
  const message = `The next byte to come is ${expectedOffset}.`;
  return refuse("BAD_MESSAGE", { reason: "offset", expectedOffset, message });
}

/** A bound of the size of a file or of a chunk. */
export function tooLarge(reason: "file" | "frame", message: string): Error {
  return refuse("PAYLOAD_TOO_LARGE", { reason, message });
}

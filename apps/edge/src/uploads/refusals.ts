import { refuse } from "@docrelay/protocol";

const FULL_RETRY_MS = 5000;

/**
 * Returns the refusal for a file when the space for the files of all users is used up, operators have paused the
 * intake, or Redis is short of memory.
 */
export function full(details: { freeInMs?: number | undefined; reason?: "paused" | "memory" } = {}): Error {
  const { freeInMs = FULL_RETRY_MS, ...reason } = details;
  return refuse("BUSY", { retryAfterMs: Math.min(freeInMs, FULL_RETRY_MS), ...reason });
}

export function unknownUpload(): Error {
  return refuse("NOT_FOUND", { message: "There is no such upload. Begin it again." });
}

/** Returns the refusal for a chunk that comes too early: bytes before it are missing. */
export function hole(expectedOffset: number): Error {
  const message = `The next byte to come is ${expectedOffset}.`;
  return refuse("BAD_MESSAGE", { reason: "offset", expectedOffset, message });
}

/** Returns the refusal for a file or a chunk that is too large. */
export function tooLarge(reason: "file" | "frame", message: string): Error {
  return refuse("PAYLOAD_TOO_LARGE", { reason, message });
}

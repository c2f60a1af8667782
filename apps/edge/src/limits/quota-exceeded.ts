import { refuse, type Refusal } from "@docrelay/protocol";

/**
 * Returns the refusal for a quota that is used up and of which some is free again in `freeInMs`. The default `message`
 * says that the room for files or questions is used up. `reason` is `day` for a daily quota.
 */
export function quotaExceeded(freeInMs: number, message?: string, reason?: string): Refusal {
  const retryAfterMs = Math.max(1, Math.ceil(freeInMs));
  return refuse("QUOTA_EXCEEDED", {
    retryAfterMs,
    resetAt: Date.now() + retryAfterMs,
    ...(message !== undefined && { message }),
    ...(reason !== undefined && { reason }),
  });
}

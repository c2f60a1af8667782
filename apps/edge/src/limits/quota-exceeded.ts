import { refuse, type Refusal } from "@docrelay/protocol";

/**
 * A refusal: a quota is used up for another `freeInMs`. `message`: default: the room for files or questions is used up.
 * `reason`: `day` for a day's quota.
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

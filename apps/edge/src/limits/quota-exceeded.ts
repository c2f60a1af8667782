import { refuse, type Refusal } from "@docrelay/protocol";

/** Something is used up until `freeInMs` from now. `message`: where it is not room for files or questions. `reason`: `day` for a day's quota. */
export function quotaExceeded(freeInMs: number, message?: string, reason?: string): Refusal {
  const retryAfterMs = Math.max(1, Math.ceil(freeInMs));
  return refuse("QUOTA_EXCEEDED", {
    retryAfterMs,
    resetAt: Date.now() + retryAfterMs,
    ...(message !== undefined && { message }),
    ...(reason !== undefined && { reason }),
  });
}

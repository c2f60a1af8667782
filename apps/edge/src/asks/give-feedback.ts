import { giveFeedback, newNonce, type Store } from "@docrelay/channel";
import type { Logger } from "@docrelay/platform";
import { refuse, type Feedback } from "@docrelay/protocol";
import type { RateLimiter } from "../limits/rate-limit.ts";
import type { EdgeMetrics } from "../report/metrics.ts";

export interface FeedbackDeps {
  readonly store: Store;
  /** Limits how often one user may give feedback on this edge. */
  readonly rate: RateLimiter;
  readonly metrics: Pick<EdgeMetrics, "feedbackGiven">;
  readonly log: Pick<Logger, "info">;
  /** Whether the log line contains what the user wrote (`LOG_FEEDBACK_WORDS`). */
  readonly logsWords: boolean;
}

/**
 * Stores a user's feedback on an answer in the conversation's log, counts it and writes a line of the process's log.
 * @throws Refusal `NOT_FOUND`, `ASK_CONFLICT` before the ask has ended, `RATE_LIMITED`
 */
export type GiveFeedback = (user: string, feedback: Feedback) => Promise<void>;

export function createGiveFeedback({ store, rate, metrics, log, logsWords }: FeedbackDeps): GiveFeedback {
  return async function give(user, { conversation, ask, verdict, word }) {
    const retryAfterMs = rate.take(user, performance.now());
    if (retryAfterMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs });
    const of = { user, conversation, id: ask, nonce: newNonce() };
    switch (await giveFeedback(store, of, { verdict, word })) {
      case "unknown":
        throw refuse("NOT_FOUND");
      case "running":
        throw refuse("ASK_CONFLICT", { message: "The ask has not ended." });
      case "many":
        // How often the feedback may change is bounded for as long as the ask is kept, so the client is told to wait
        // that long.
        throw refuse("RATE_LIMITED", {
          retryAfterMs: store.retentionMs,
          message: "The feedback of this answer was changed too often.",
        });
      case "written":
        metrics.feedbackGiven(verdict);
        log.info({ askId: ask, conversation, verdict, ...(logsWords && word !== undefined && { word }) }, "feedback");
    }
  };
}

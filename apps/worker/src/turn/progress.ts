import { publishProgress, type Store, type TakenAsk } from "@docrelay/channel";
import type { AskReport } from "../report/ask-report.ts";

export interface ProgressDeps {
  readonly store: Store;
  readonly report: Pick<AskReport, "error">;
}

/** Publishes the progress of an ask. It returns at once, because progress is a hint, which may be lost. */
export function sendProgress(
  { store, report }: ProgressDeps,
  ask: TakenAsk,
  what:
    | { stage: "asking" | "extracting"; file?: number }
    | { stage: "waiting-for-engine"; attempt: number; of: number; sinceMs: number },
): void {
  const progress = { conversation: ask.conversation, ask: ask.id, ...what };
  publishProgress(store, ask.address, progress).catch((error: unknown) => report.error("progress", error));
}

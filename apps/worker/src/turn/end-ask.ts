import { arrived, finish, newNonce, type Store, type TakenAsk } from "@docrelay/channel";
import { wireError, type EventBody, type Terminal } from "@docrelay/protocol";
import type { AskReport } from "../report/ask-report.ts";
import type { Failure } from "../report/failure.ts";
import { retry } from "../report/retry.ts";
import { STORE_PATIENCE_MS, type EventPlace, type Turn } from "./turn.ts";

export interface EndDeps {
  readonly store: Store;
  readonly report: Pick<AskReport, "ended">;
}

/** How long the step that ends an ask is retried, in ms. */
const END_PATIENCE_MS = 60_000;

/**
 * Ends a cancelled ask. `text` is the part of the answer that had come; if it is not given, it is read from the log.
 */
export async function endCancelled(deps: EndDeps, ask: TakenAsk, text?: string): Promise<Turn> {
  return end(deps, ask, "any", { type: "cancelled", text: text ?? (await loggedText(deps.store, ask)) });
}

/** Ends an ask as failed. `at`: the place of the event; `file`: the index of the file that has caused the failure. */
export function endFailed(
  deps: EndDeps,
  ask: TakenAsk,
  { at, failure, file }: { at: EventPlace; failure: Failure; file?: number },
): Promise<Turn> {
  const { code, reason, message, engine } = failure;
  const { retryAfterMs, bytes, limit } = engine ?? {};
  const error = wireError(code, {
    ask: ask.id,
    trace: ask.trace,
    ...(message === undefined ? {} : { message }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(limit === undefined ? {} : { limit }),
    ...(reason === undefined ? {} : { reason }),
    ...(file === undefined ? {} : { file }),
  });
  return end(deps, ask, at, { type: "failed", error });
}

/** Returns the place after the last event that the ask had when it was taken. */
export function nextPlace({ attempt, n }: TakenAsk): { attempt: number; n: number } {
  return { attempt, n: n + 1 };
}

async function loggedText(store: Store, ask: TakenAsk): Promise<string> {
  if (ask.attempt === 0) return "";
  const { text } = await retry(() => arrived(store, ask, ask.attempt), { forMs: STORE_PATIENCE_MS });
  return text;
}

async function end(deps: EndDeps, ask: TakenAsk, at: EventPlace, body: EventBody<Terminal>): Promise<Turn> {
  const nonce = newNonce();
  const { kind } = await retry(() => finish(deps.store, ask, at, { end: body, nonce }), { forMs: END_PATIENCE_MS });
  if (kind === "stale") return { kind: "again" };
  if (kind === "finished") deps.report.ended(ask, ask.attempt, body, undefined);
  return { kind: "next" };
}

import { arrivedText, finish, newNonce, type BlobStore, type TakenAsk } from "@docrelay/channel";
import { wireError, type EventBody, type Terminal } from "@docrelay/protocol";
import type { AnswerDeps } from "../answer/stream-answer.ts";
import type { Failure } from "../report/failure.ts";
import { insist } from "../report/retry.ts";
import type { PromptSettings } from "./prompt.ts";
import type { AskReport } from "../report/ask-report.ts";
import type { TextCache } from "./text-cache.ts";

export interface TurnDeps extends AnswerDeps {
  readonly blobs: BlobStore;
  readonly texts: TextCache;
  readonly settings: PromptSettings & { readonly attempts: number; readonly engineName: string };
  readonly report: AskReport;
  /** Aborted when the process is to end: nothing new is begun. */
  readonly stopping: AbortSignal;
  /** How long the next ask that a dead worker left behind waits for the one before; see `stagger.ts`. */
  apart(now: number): number;
  /** 0..1, for jitter. */
  random(): number;
}

/** How a turn at the head of a mailbox ended. */
export type Turn =
  /** The ask has ended: on to the next one. */
  | { kind: "next" }
  /** The ask has ended, and there was no other then: whoever comes after that rings. */
  | { kind: "last" }
  /** The engine call failed; the ask is worth another one. */
  | { kind: "retry"; attempt: number; failure: Failure }
  /** Something of the ask changed under our hands: take it again, after a pause or at once. */
  | { kind: "again" | "look-again" }
  /** It waits for texts, with nobody. */
  | { kind: "parked" }
  /** Somebody else has it. */
  | { kind: "lost" }
  /** It is for another process to go on with. */
  | { kind: "given-back" };

export type At = { attempt: number; n: number } | "any";

/** The store may be away this long before a step is given up. */
export const PATIENCE_MS = 20_000;
/** Beyond the deadline: what ends an ask is worth being sent for longer than the ask itself. */
const END_PATIENCE_MS = 60_000;

/** What had arrived of the answer that is being cancelled. */
export function arrived(deps: TurnDeps, ask: TakenAsk): Promise<string> {
  if (ask.attempt === 0) return Promise.resolve("");
  return insist(() => arrivedText(deps.store, ask, ask.attempt), { forMs: PATIENCE_MS });
}

export function endCancelled(deps: TurnDeps, ask: TakenAsk, text: string): Promise<Turn> {
  return end(deps, ask, "any", { type: "cancelled", text });
}

export function endFailed(
  deps: TurnDeps,
  ask: TakenAsk,
  at: At,
  { code, reason }: Failure,
  file?: number,
): Promise<Turn> {
  const about = {
    ask: ask.id,
    trace: ask.trace,
    ...(reason === undefined ? {} : { reason }),
    ...(file === undefined ? {} : { file }),
  };
  return end(deps, ask, at, { type: "failed", error: wireError(code, about) });
}

async function end(deps: TurnDeps, ask: TakenAsk, at: At, body: EventBody<Terminal>): Promise<Turn> {
  const nonce = newNonce();
  const { kind } = await insist(() => finish(deps.store, ask, at, body, nonce), { forMs: END_PATIENCE_MS });
  if (kind === "stale") return { kind: "again" };
  if (kind === "finished") deps.report.ended(ask, ask.attempt, body, undefined);
  return { kind: "next" };
}

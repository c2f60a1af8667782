import { append, begin, handBack, newNonce, spare, type TakenAsk } from "@docrelay/channel";
import type { AskReport } from "../report/ask-report.ts";
import { isFinal, originOf, type Failure } from "../report/failure.ts";
import { retry, sleep } from "../report/retry.ts";
import { callEngine, type CallDeps } from "./call-engine.ts";
import { classifyTaken } from "./classify-taken.ts";
import { endCancelled, endFailed, nextPlace } from "./end-ask.ts";
import { pointOf } from "./go-on.ts";
import { extractedEvent } from "./extracted-event.ts";
import { choosePagesOf, type ChosenPages } from "./prompt.ts";
import { leaveWaitLists, parkAsk, type ParkDeps } from "./park.ts";
import { sendProgress } from "./progress.ts";
import { lookAtTexts, type Text } from "./texts.ts";
import { STORE_PATIENCE_MS, turnOf, type OwnedAsk, type Turn } from "./turn.ts";

export interface TurnDeps extends ParkDeps, CallDeps {
  readonly report: AskReport;
  /** Returns for how many ms the call of the next ask of a dead worker must wait; `stagger.ts` tells why. */
  stagger(now: number): number;
}

/** The failure of an ask whose last allowed engine call has ended because its worker died. */
const LOST: Failure = {
  code: "ENGINE_UNAVAILABLE",
  reason: "worker-lost",
  message: "The answer was interrupted too often. Ask again.",
};

interface Running extends OwnedAsk {
  /** When the ask was taken, in ms of this process's clock. */
  readonly takenAt: number;
  /** Why this worker's previous engine call for the ask failed. */
  readonly previous: Failure | undefined;
}

/**
 * Handles one ask that was just taken, until the ask ends, parks, needs another engine call or is handed back.
 * `previous`: the failure of this worker's previous engine call, if that was for the same ask.
 * @throws errors of the store, when the store is away for longer than a step is retried.
 */
export async function runTurn(deps: TurnDeps, { ask, owner }: OwnedAsk, previous?: Failure): Promise<Turn> {
  const running: Running = { ask, owner, previous, takenAt: performance.now() };
  try {
    const taken = classifyTaken(ask);
    if (taken !== "run") await leaveWaitLists(deps, ask);
    switch (taken) {
      case "cancelled":
        return await endCancelled(deps, ask);
      case "expired":
        return await endFailed(deps, ask, { at: "any", failure: { code: "ASK_EXPIRED" } });
      case "poison":
        return await endFailed(deps, ask, { at: nextPlace(ask), failure: { code: "INTERNAL", reason: "taken" } });
      case "run":
        return await runTaken(deps, running);
    }
  } catch (error) {
    if (originOf(error).kind !== "bug") throw error;
    // The bug would occur again in each turn until the deadline, so the ask ends now.
    deps.report.bug(ask, error);
    return await endFailed(deps, ask, { at: "any", failure: { code: "INTERNAL" } });
  }
}

async function runTaken(deps: TurnDeps, running: Running): Promise<Turn> {
  const { ask, previous } = running;
  if (previous && isFinal(previous)) return endFailed(deps, ask, { at: nextPlace(ask), failure: previous });
  const patience = { forMs: STORE_PATIENCE_MS, signal: deps.stopping };
  const texts = await retry(() => lookAtTexts(deps, ask.body.files), patience);
  if (texts.kind === "missing") return parkAsk(deps, running, texts.files);
  await leaveWaitLists(deps, ask);
  if (texts.kind === "failed") {
    const { failure, file } = texts;
    return endFailed(deps, ask, { at: nextPlace(ask), failure, file });
  }
  const chosen = await choosePagesOf(ask, texts.texts, deps.settings);
  if (chosen === "too-large")
    return endFailed(deps, ask, { at: nextPlace(ask), failure: { code: "PROMPT_TOO_LARGE", reason: "setting" } });
  // All `extracted` events, one for each file, belong to attempt 0. They are in the log when a later attempt begins, so
  // for such an attempt none is written.
  let { n } = ask;
  for (; ask.attempt === 0 && n < texts.texts.length; n++) {
    const body = extractedEvent(ask, n, texts.texts[n], chosen[n]);
    const at = { attempt: 0, n: n + 1 };
    const nonce = newNonce();
    const reply = await retry(() => append(deps.store, ask, at, { events: [body], nonce }), patience);
    if (reply.kind !== "written" && reply.kind !== "done") return turnOf(reply.kind, () => endCancelled(deps, ask, ""));
    deps.report.written("extracted");
  }
  if (ask.orphaned && previous === undefined) await sleep(deps.stagger(performance.now()), deps.stopping);
  if (deps.stopping.aborted) return handBackAsk(deps, running);
  return beginCall(deps, running, { texts: texts.texts, chosen }, n);
}

/**
 * Counts an engine call in the store and makes it, or lets the engine continue the call of a worker that is gone. For
 * an ask without files, the take may have counted the call already, which saves an fsync before the first piece of the
 * answer (docs/adr/0016-fewer-fsyncs.md). `n`: how many events of the current attempt are in the log.
 */
async function beginCall(
  deps: TurnDeps,
  running: Running,
  files: { texts: readonly Text[]; chosen: ChosenPages },
  n: number,
): Promise<Turn> {
  const { ask, owner, previous, takenAt } = running;
  const { store, settings } = deps;
  const patience = { forMs: STORE_PATIENCE_MS, signal: deps.stopping };
  // If this worker's previous engine call for the ask has failed, a new call begins, and no answer is continued.
  const point = previous === undefined ? pointOf(ask) : undefined;
  const begun =
    ask.begun || point
      ? ({ kind: "begun", attempt: ask.attempt } as const)
      : await retry(() => begin(store, ask, owner, settings.attempts), patience);
  if (begun.kind === "exhausted") {
    const failure = previous ?? LOST;
    return endFailed(deps, ask, { at: { attempt: ask.attempt, n: n + 1 }, failure });
  }
  if (begun.kind !== "begun") return turnOf(begun.kind, () => endCancelled(deps, ask));
  const { attempt } = begun;
  const most = settings.attempts + ask.spared;
  const outcome = await callEngine(deps, { ask, owner, attempt, ...files, point, takenAt, previous });
  switch (outcome.kind) {
    case "completed":
      return { kind: outcome.empty ? "last" : "next" };
    case "cancelled":
      return endCancelled(deps, ask, outcome.text);
    case "stale":
      // Another worker has taken the ask although this process is alive: neither a crash nor the engine ended this
      // call, so it must not count against `ENGINE_ATTEMPTS`.
      await spareCall(deps, ask, attempt);
      return { kind: "lost" };
    case "ended":
      return { kind: "next" };
    case "expired":
      return endFailed(deps, ask, { at: "any", failure: { code: "ASK_EXPIRED" } });
    case "abandoned":
      return handBackAsk(deps, running);
    case "failed":
      if (attempt < most && !isFinal(outcome.failure))
        sendProgress(deps, ask, { stage: "waiting-for-engine", attempt: attempt + 1, of: most, sinceMs: 0 });
      return { kind: "retry", spent: attempt - ask.spared, failure: outcome.failure };
  }
}

async function handBackAsk(deps: TurnDeps, { ask, owner }: Running): Promise<Turn> {
  const reply = await retry(() => handBack(deps.store, ask, owner), { forMs: STORE_PATIENCE_MS });
  return reply.kind === "handed-back" ? { kind: "handed-back" } : turnOf(reply.kind, () => endCancelled(deps, ask));
}

/**
 * Spares an engine call, so that it does not count against `ENGINE_ATTEMPTS`. If Redis is away for longer than this
 * step is retried, the call counts after all.
 */
async function spareCall({ store, stopping }: TurnDeps, ask: TakenAsk, attempt: number): Promise<void> {
  try {
    await retry(() => spare(store, ask, attempt), { forMs: STORE_PATIENCE_MS, signal: stopping });
  } catch (error) {
    if (originOf(error).kind !== "store") throw error;
  }
}

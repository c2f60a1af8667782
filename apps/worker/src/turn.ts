import {
  append,
  arrivedText,
  awaitTexts,
  begin,
  finish,
  handBack,
  newNonce,
  park,
  publishProgress,
  stopWaiting,
  type BlobStore,
  type TakenAsk,
} from "@docrelay/channel";
import { wireError, type EventBody, type Terminal } from "@docrelay/protocol";
import { answer, type AnswerDeps } from "./answer.ts";
import type { Failure } from "./failure.ts";
import { originOf } from "./failure.ts";
import { insist } from "./insist.ts";
import { judge } from "./judge.ts";
import { promptOf, type PromptSettings } from "./prompt.ts";
import type { AskReport } from "./report.ts";
import { lookAtTexts, lostFile, type Text } from "./texts.ts";

export interface TurnDeps extends AnswerDeps {
  readonly blobs: BlobStore;
  readonly settings: PromptSettings & { readonly attempts: number; readonly engineName: string };
  readonly report: AskReport;
  /** Aborted when the process is to end: nothing new is begun. */
  readonly stopping: AbortSignal;
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

type At = { attempt: number; n: number } | "any";

const PATIENCE_MS = 20_000;
/** Beyond the deadline: what ends an ask is worth being sent for longer than the ask itself. */
const END_PATIENCE_MS = 60_000;
const MAX_PIECE_BYTES = 32_768;
const MAX_HELD_UNITS = 1_048_576;

/** One try at an ask that was just taken by `owner`; `before` is why the try before it failed. */
export async function runTurn(
  deps: TurnDeps,
  ask: TakenAsk,
  owner: string,
  before: Failure | undefined,
): Promise<Turn> {
  const takenAt = performance.now();
  try {
    const verdict = judge(ask);
    if (verdict !== "go") await forgetWaiting(deps, ask);
    switch (verdict) {
      case "cancelled":
        return await endCancelled(deps, ask, await arrived(deps, ask));
      case "expired":
        return await endFailed(deps, ask, "any", { code: "ASK_EXPIRED" });
      case "poison":
        return await endFailed(
          deps,
          ask,
          { attempt: ask.attempt, n: ask.n + 1 },
          { code: "INTERNAL", reason: "taken" },
        );
      case "go":
        return await go(deps, ask, owner, before, takenAt);
    }
  } catch (error) {
    if (originOf(error).kind !== "bug") throw error;
    // It would go wrong again and again until the deadline: one clear end is better.
    deps.report.bug(ask, error);
    return await endFailed(deps, ask, "any", { code: "INTERNAL" });
  }
}

async function go(
  deps: TurnDeps,
  ask: TakenAsk,
  owner: string,
  before: Failure | undefined,
  takenAt: number,
): Promise<Turn> {
  const { store, settings } = deps;
  const insistent = { forMs: PATIENCE_MS, signal: deps.stopping };
  const { files } = ask.body;

  const texts = await insist(() => lookAtTexts(store, files), insistent);
  if (texts.kind === "missing") return parkFor(deps, ask, owner, texts.files);
  await forgetWaiting(deps, ask);
  const n = { next: ask.n + 1 };
  if (texts.kind === "failed") {
    const { code, reason, file } = texts;
    return endFailed(
      deps,
      ask,
      { attempt: ask.attempt, n: n.next },
      { code, ...(reason === undefined ? {} : { reason }) },
      file,
    );
  }

  // Attempt 0 has one event a file; a later attempt has them all behind it.
  for (let file = ask.n; ask.attempt === 0 && file < texts.texts.length; file++) {
    const body = extracted(file, texts.texts[file], ask);
    const nonce = newNonce();
    const { kind } = await insist(() => append(store, ask, { attempt: 0, n: file + 1 }, [body], nonce), insistent);
    if (kind === "cancelled") return endCancelled(deps, ask, "");
    if (kind === "stale") return { kind: "lost" };
    if (kind === "ended") return { kind: "next" };
    deps.report.written("extracted");
    n.next = file + 2;
  }

  if (deps.stopping.aborted) return giveBack(deps, ask, owner);
  if (ask.begun) return call(deps, ask, owner, ask.attempt, texts.texts, takenAt);
  const begun = await insist(() => begin(store, ask, owner, settings.attempts), insistent);
  switch (begun.kind) {
    case "exhausted":
      return endFailed(deps, ask, { attempt: ask.attempt, n: n.next }, before ?? { code: "ENGINE_UNAVAILABLE" });
    case "cancelled":
      return endCancelled(deps, ask, await arrived(deps, ask));
    case "stale":
      return { kind: "lost" };
    case "ended":
      return { kind: "next" };
    case "begun":
      return call(deps, ask, owner, begun.attempt, texts.texts, takenAt);
  }
}

async function call(
  deps: TurnDeps,
  ask: TakenAsk,
  owner: string,
  attempt: number,
  texts: Text[],
  takenAt: number,
): Promise<Turn> {
  const { settings, report } = deps;
  const begunAt = performance.now();
  const extractMs = ask.waited ? Math.max(0, ...texts.map((text) => text.extractMs)) : 0;
  const acceptedAt = takenAt - (ask.now - ask.acceptedAt);
  let sentAt = begunAt;
  let pieces = 0;
  let empty = false;
  // Without files nobody has waited for anything yet, and `started` comes at once.
  if (texts.length > 0) hint(deps, ask, { stage: "asking" });
  report.begun(ask, attempt, begunAt - acceptedAt - extractMs);
  const outcome = await answer(deps, {
    ask,
    owner,
    attempt,
    prompt: promptOf(ask, texts, settings),
    plan: {
      engine: settings.engineName,
      files: texts.length,
      acceptedAt,
      begunAt,
      extractMs,
      maxPieceBytes: MAX_PIECE_BYTES,
      maxHeld: MAX_HELD_UNITS,
    },
    expiresInMs: ask.deadline - ask.now - (begunAt - takenAt),
    onSent() {
      sentAt = performance.now();
    },
    onEmpty: () => void (empty = true),
    onWritten({ type }) {
      report.written(type);
      // A reply in one piece has no delta before its end.
      if (type === "started" || pieces++ > 0) return;
      const now = performance.now();
      report.firstToken(now - acceptedAt, now - sentAt);
    },
  });
  switch (outcome.kind) {
    case "completed":
      report.ended(ask, attempt, { type: "completed" }, performance.now() - takenAt + (ask.now - ask.acceptedAt));
      return { kind: empty ? "last" : "next" };
    case "ended":
      return { kind: "next" };
    case "stale":
      report.fenced(ask, attempt);
      return { kind: "lost" };
    case "cancelled":
      return endCancelled(deps, ask, outcome.text);
    case "expired":
      return endFailed(deps, ask, "any", { code: "ASK_EXPIRED" });
    case "abandoned":
      return giveBack(deps, ask, owner);
    case "failed":
      report.attemptFailed(ask, attempt, outcome.failure);
      return { kind: "retry", attempt, failure: outcome.failure };
  }
}

/** Leaves the ask to whoever brings its texts, without holding anything meanwhile. */
async function parkFor(deps: TurnDeps, ask: TakenAsk, owner: string, missing: number[]): Promise<Turn> {
  const { store, blobs } = deps;
  const { files } = ask.body;
  const insistent = { forMs: PATIENCE_MS, signal: deps.stopping };
  const keys = missing.map((file) => files[file]?.text ?? "");
  const lost = await insist(() => lostFile(store, blobs, files, missing), insistent);
  if (lost !== undefined) {
    await forgetWaiting(deps, ask);
    return endFailed(deps, ask, { attempt: ask.attempt, n: ask.n + 1 }, { code: "NOT_FOUND" }, lost);
  }
  await insist(() => awaitTexts(store, ask.address, keys), insistent);
  const parked = await insist(() => park(store, ask, owner), insistent);
  // A text that came before we stood on its list rings for nobody, and empties that list no more.
  const texts = await insist(() => lookAtTexts(store, files), insistent);
  if (texts.kind !== "missing") await insist(() => stopWaiting(store, ask.address, keys), insistent);
  if (parked.kind === "cancelled") return endCancelled(deps, ask, await arrived(deps, ask));
  if (parked.kind === "stale") return { kind: "lost" };
  if (parked.kind === "ended") return { kind: "next" };
  if (texts.kind !== "missing") return { kind: "look-again" };
  for (const file of missing) hint(deps, ask, { stage: "extracting", file });
  return { kind: "parked" };
}

/**
 * Takes the conversation off lists that nobody may empty any more: a worker that put it there may have died before it
 * noticed that the text had come. Whoever waits again stands there again.
 */
async function forgetWaiting(deps: TurnDeps, ask: TakenAsk): Promise<void> {
  const { files } = ask.body;
  if (files.length === 0 || (!ask.waited && ask.taken <= 1)) return;
  const keys = files.map(({ text }) => text);
  const insistent = { forMs: PATIENCE_MS, signal: deps.stopping };
  await insist(() => stopWaiting(deps.store, ask.address, keys), insistent);
}

async function giveBack(deps: TurnDeps, ask: TakenAsk, owner: string): Promise<Turn> {
  const { kind } = await insist(() => handBack(deps.store, ask, owner), { forMs: PATIENCE_MS });
  if (kind === "cancelled") return endCancelled(deps, ask, await arrived(deps, ask));
  return { kind: kind === "stale" ? "lost" : kind === "ended" ? "next" : "given-back" };
}

function arrived(deps: TurnDeps, ask: TakenAsk): Promise<string> {
  if (ask.attempt === 0) return Promise.resolve("");
  return insist(() => arrivedText(deps.store, ask, ask.attempt), { forMs: PATIENCE_MS });
}

function endCancelled(deps: TurnDeps, ask: TakenAsk, text: string): Promise<Turn> {
  return end(deps, ask, "any", { type: "cancelled", text });
}

function endFailed(deps: TurnDeps, ask: TakenAsk, at: At, { code, reason }: Failure, file?: number): Promise<Turn> {
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

function extracted(file: number, text: Text | undefined, ask: TakenAsk): EventBody<"extracted"> {
  if (!text) throw new Error(`no text for file ${file}`);
  const { pages, chars, missing, ocr, truncated } = text;
  return {
    type: "extracted",
    file,
    pages: pages.length,
    chars,
    cached: !ask.waited,
    missing: [...missing],
    ocr: [...ocr],
    truncated,
  };
}

/** Progress is a hint: one that does not arrive is missed by nobody. */
function hint(deps: TurnDeps, ask: TakenAsk, what: { stage: "asking" | "extracting"; file?: number }): void {
  const progress = { conversation: ask.conversation, ask: ask.id, ...what };
  publishProgress(deps.store, ask.address, progress).catch((error: unknown) => deps.report.trouble("progress", error));
}

import { append, begin, handBack, newNonce, type TakenAsk } from "@docrelay/channel";
import type { EventBody } from "@docrelay/protocol";
import { answer } from "../answer/stream-answer.ts";
import { arrived, endCancelled, endFailed, PATIENCE_MS, type Turn, type TurnDeps } from "./end-ask.ts";
import { originOf, type Failure } from "../report/failure.ts";
import { insist, sleep } from "../report/retry.ts";
import { judge } from "./classify-taken.ts";
import { promptOf } from "./prompt.ts";
import { lookAtTexts, type Text } from "./texts.ts";
import { forgetWaiting, hint, parkFor } from "./park.ts";

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

  const texts = await insist(() => lookAtTexts(deps, files), insistent);
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

  if (ask.orphaned && before === undefined) await sleep(deps.apart(performance.now()), deps.stopping);
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

async function giveBack(deps: TurnDeps, ask: TakenAsk, owner: string): Promise<Turn> {
  const { kind } = await insist(() => handBack(deps.store, ask, owner), { forMs: PATIENCE_MS });
  if (kind === "cancelled") return endCancelled(deps, ask, await arrived(deps, ask));
  return { kind: kind === "stale" ? "lost" : kind === "ended" ? "next" : "given-back" };
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

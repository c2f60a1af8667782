import { awaitTexts, park, publishProgress, stopWaiting, type TakenAsk } from "@docrelay/channel";
import { arrived, endCancelled, endFailed, PATIENCE_MS, type Turn, type TurnDeps } from "./end-ask.ts";
import { insist } from "../report/retry.ts";
import { lookAtTexts, lostFile } from "./texts.ts";

/** Leaves the ask to whoever brings its texts, without holding anything meanwhile. */
export async function parkFor(deps: TurnDeps, ask: TakenAsk, owner: string, missing: number[]): Promise<Turn> {
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
  const texts = await insist(() => lookAtTexts(deps, files), insistent);
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
export async function forgetWaiting(deps: TurnDeps, ask: TakenAsk): Promise<void> {
  const { files } = ask.body;
  if (files.length === 0 || (!ask.waited && ask.taken <= 1)) return;
  const keys = files.map(({ text }) => text);
  const insistent = { forMs: PATIENCE_MS, signal: deps.stopping };
  await insist(() => stopWaiting(deps.store, ask.address, keys), insistent);
}

/** Progress is a hint: one that does not arrive is missed by nobody. */
export function hint(deps: TurnDeps, ask: TakenAsk, what: { stage: "asking" | "extracting"; file?: number }): void {
  const progress = { conversation: ask.conversation, ask: ask.id, ...what };
  publishProgress(deps.store, ask.address, progress).catch((error: unknown) => deps.report.trouble("progress", error));
}

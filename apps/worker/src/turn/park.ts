import { awaitTexts, park, stopWaiting, type BlobStore, type Store, type TakenAsk } from "@docrelay/channel";
import { retry } from "../report/retry.ts";
import { endCancelled, endFailed, nextPlace, type EndDeps } from "./end-ask.ts";
import { sendProgress, type ProgressDeps } from "./progress.ts";
import { findLostFile, lookAtTexts, type TextDeps } from "./texts.ts";
import { STORE_PATIENCE_MS, turnOf, type OwnedAsk, type Turn } from "./turn.ts";

export interface ParkDeps extends EndDeps, ProgressDeps, TextDeps {
  readonly report: EndDeps["report"] & ProgressDeps["report"];
  readonly blobs: BlobStore;
  readonly stopping: AbortSignal;
}

/**
 * Parks the ask until the texts of the files with the indexes `missing` are stored; the extraction then wakes the ask's
 * conversation.
 */
export async function parkAsk(deps: ParkDeps, { ask, owner }: OwnedAsk, missing: number[]): Promise<Turn> {
  const { store, blobs } = deps;
  const { files } = ask.body;
  const patience = { forMs: STORE_PATIENCE_MS, signal: deps.stopping };
  const keys = missing.map((file) => files[file]?.text ?? "");
  const lost = await retry(() => findLostFile({ store, blobs }, files, missing), patience);
  if (lost !== undefined) {
    await leaveWaitLists(deps, ask);
    return endFailed(deps, ask, { at: nextPlace(ask), failure: { code: "NOT_FOUND" }, file: lost });
  }
  await retry(() => awaitTexts(store, ask.address, keys, ask), patience);
  const parked = await retry(() => park(store, ask, owner), patience);
  // Race: a text may have been stored just before this conversation was on its wait list. Then no extraction will wake
  // the conversation or remove it from the list, so the texts are looked up again here.
  const texts = await retry(() => lookAtTexts(deps, files), patience);
  if (texts.kind !== "missing") await retry(() => stopWaiting(store, ask.address, keys, ask), patience);
  if (parked.kind !== "parked") return turnOf(parked.kind, () => endCancelled(deps, ask));
  if (texts.kind !== "missing") return { kind: "look-again" };
  for (const file of missing) sendProgress(deps, ask, { stage: "extracting", file });
  return { kind: "parked" };
}

/**
 * Removes the conversation from the wait lists of its texts: a worker that died before it noticed a stored text may
 * have left it there. A conversation that parks again is added again.
 */
export async function leaveWaitLists(
  { store, stopping }: { store: Store; stopping: AbortSignal },
  ask: TakenAsk,
): Promise<void> {
  const { files } = ask.body;
  if (files.length === 0 || (!ask.waited && ask.taken <= 1)) return;
  const keys = files.map(({ text }) => text);
  await retry(() => stopWaiting(store, ask.address, keys, ask), { forMs: STORE_PATIENCE_MS, signal: stopping });
}

import { dropUpload, finishUpload, forgetUnnamed, textState } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { Usage } from "../limits/usage.ts";
import type { Quotas } from "../quotas/quotas.ts";
import { isToBeExtracted, queueText, type ExtractionDeps } from "./extraction.ts";
import { forgetDepsOf } from "./own-files.ts";
import { dropNeedless, inspectStored, settleBytes, textKeyOf } from "./pdf-bytes.ts";
import type { Receiving, Receivings } from "./receiving.ts";
import type { SharedSettings } from "./shared-settings.ts";

export interface CompleteDeps extends ExtractionDeps {
  readonly sharedSettings: SharedSettings;
  readonly receivings: Pick<Receivings, "forget">;
  readonly usage: Pick<Usage, "endUpload">;
  readonly quotas: Pick<Quotas, "stored" | "chargedFor">;
  onTrouble(error: unknown): void;
}

/**
 * Finishes an upload whose last byte is stored: checks its bytes and queues its extraction. @throws Refusal
 * `FILE_CORRUPT`, `FILE_TYPE_UNSUPPORTED`: then the upload is dropped, and a new upload may use its id. `NOT_FOUND`: the
 * user has removed the upload meanwhile, and nothing of it is kept.
 */
export async function completeUpload(deps: CompleteDeps, user: string, known: Receiving): Promise<void> {
  const { store, blobs, usage } = deps;
  const { upload } = known;
  const stored = (await hashOf(known)) ?? (await inspectStored(blobs, upload.ref, upload.size));
  if (stored === undefined) {
    usage.endUpload(upload.ref);
    // If another edge has finished the upload meanwhile, its bytes may be released already, and nothing is wrong.
    if ((await dropUpload(store, blobs, user, upload)) === "finished") return;
    throw refuse("FILE_CORRUPT");
  }
  if (!stored.isPdf) await refuseType(deps, user, known);
  const { sha256 } = stored;
  const text = await textKeyOf(deps.sharedSettings, user, sha256);
  const ref = await settleBytes(deps, user, { text, ref: upload.ref });
  const [finished, [state]] = await Promise.all([
    finishUpload(store, user, upload.id, { sha256, ref, text, size: upload.size }),
    textState(store, [text]),
  ]);
  usage.endUpload(upload.ref);
  if (finished === "unknown") {
    const needless = dropNeedless(deps, user, { own: upload.ref, kept: ref, text, state });
    await Promise.all([needless, forgetUnnamed(forgetDepsOf(deps), user, { text, ref })]);
    throw refuse("NOT_FOUND");
  }
  deps.quotas.stored(user, upload.size);
  try {
    const order = { trace: randomUUID(), isAsked: false };
    await Promise.all([
      (await isToBeExtracted(deps, text, state)) &&
        queueText(deps, user, { text, ref, sha256, size: upload.size }, order),
      dropNeedless(deps, user, { own: upload.ref, kept: ref, text, state }),
    ]);
  } catch (error) {
    deps.onTrouble(error); // harmless: an ask with this upload queues the extraction, and unused bytes expire
  }
}

/** Drops an upload that is not a PDF. @throws Refusal always */
export async function refuseType(
  { store, blobs, receivings, usage }: Pick<CompleteDeps, "store" | "blobs" | "receivings" | "usage">,
  user: string,
  known: Receiving,
): Promise<never> {
  receivings.forget(user, known);
  usage.endUpload(known.upload.ref);
  await dropUpload(store, blobs, user, known.upload);
  throw refuse("FILE_TYPE_UNSUPPORTED");
}

/**
 * Returns the hash of an upload's stored bytes, if this edge has hashed all of them and the blob store has as many
 * chunks as this edge has sent. Otherwise returns undefined: the stored bytes have to be read. `isPdf` is true, because
 * the type was checked with the first chunk.
 */
async function hashOf({ hash, counted, chunks }: Receiving): Promise<{ sha256: string; isPdf: boolean } | undefined> {
  return hash && (await counted) === chunks ? { sha256: hash.digest("hex"), isPdf: true } : undefined;
}

import { dropUpload, finishUpload, textState } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { Usage } from "../limits/usage.ts";
import type { Quotas } from "../quotas/quotas.ts";
import { isToBeExtracted, queueText, type ExtractionDeps } from "./extraction.ts";
import { dropNeedless, inspectStored, settleBytes } from "./pdf-bytes.ts";
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
 * Ends an upload whose last byte is stored, and queues its extraction. @throws Refusal `FILE_CORRUPT` and
 * `FILE_TYPE_UNSUPPORTED`: then the upload is dropped, so that a new upload may use its id.
 */
export async function completeUpload(deps: CompleteDeps, user: string, known: Receiving): Promise<void> {
  const { store, blobs, usage } = deps;
  const { upload } = known;
  const stored = (await hashOf(known)) ?? (await inspectStored(blobs, upload.ref, upload.size));
  if (stored === undefined) {
    usage.endUpload(upload.ref);
    // Another edge may have finished the upload meanwhile and released its bytes: then the upload is complete.
    if ((await dropUpload(store, blobs, user, upload)) === "finished") return;
    throw refuse("FILE_CORRUPT");
  }
  if (!stored.isPdf) await refuseType(deps, user, known);
  const { sha256 } = stored;
  const { ref, text } = await settleBytes(deps, user, { sha256, ref: upload.ref });
  const [finished, [state]] = await Promise.all([
    finishUpload(store, user, upload.id, { sha256, ref, text, size: upload.size }),
    textState(store, [text]),
  ]);
  if (finished === "unknown") throw refuse("NOT_FOUND");
  usage.endUpload(upload.ref);
  deps.quotas.stored(user, upload.size);
  try {
    const order = { trace: randomUUID(), isAsked: false };
    await Promise.all([
      (await isToBeExtracted(deps, text, state)) &&
        queueText(deps, user, { text, ref, sha256, size: upload.size }, order),
      dropNeedless(deps, user, { own: upload.ref, kept: ref, text, state }),
    ]);
  } catch (error) {
    deps.onTrouble(error); // an ask with this upload queues the extraction again; unused bytes expire
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
 * The hash of an upload's stored bytes. Undefined unless this edge has hashed all bytes and the blob store has as many
 * chunks: then the stored bytes have to be read. The type of hashed bytes was checked with the first chunk.
 */
async function hashOf({ hash, counted, chunks }: Receiving): Promise<{ sha256: string; isPdf: boolean } | undefined> {
  return hash && (await counted) === chunks ? { sha256: hash.digest("hex"), isPdf: true } : undefined;
}

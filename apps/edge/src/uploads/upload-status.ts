import { readOutcome, readUpload, TOO_BUSY_TO_READ, type Outcome, type UploadState } from "@docrelay/channel";
import { ERRORS, wireError, type ErrorCode, type UploadStatus, type WireError } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { canBeRead, queueText, type Extractable, type ExtractionDeps } from "./extraction.ts";

/**
 * The status of an upload and, once all its bytes are stored, its text key; undefined if the user has no such upload.
 */
export type ReadStatus = { readonly status: UploadStatus; readonly text?: string } | undefined;

/**
 * Reads the status of an upload. If its extraction is neither queued nor running, because its job was lost or its user
 * had too many waiting, it is queued now, unless the user still has too many. `asksQueue` is called with the key of a
 * missing text; if it returns false, the extraction queue is not read, and the status is `queued`.
 */
export async function readUploadStatus(
  deps: ExtractionDeps,
  user: string,
  id: string,
  asksQueue: (text: string) => boolean = () => true,
): Promise<ReadStatus> {
  const upload = await readUpload(deps.store, user, id);
  if (!upload) return undefined;
  const file = extractable(upload);
  if (!file) return { status: { upload: id, stage: "receiving" } };
  const { text } = file;
  const outcome = await readOutcome(deps.store, text);
  if (outcome) return { text, status: { upload: id, ...statusOf(outcome) } };
  const state = asksQueue(text) ? await deps.producer.state(text) : "waiting";
  if (state === "none") {
    // If the file's text has just been stored, the file's bytes may be released already; `canBeRead` then finds the
    // text.
    if (!(await canBeRead(deps, file))) {
      const error = wireError("NOT_FOUND", { message: "The file is no longer kept. Send it again." });
      return { text, status: { upload: id, stage: "failed", error } };
    }
    await queueText(deps, user, file, { trace: randomUUID(), isAsked: false });
  }
  return { text, status: { upload: id, stage: state === "running" ? "extracting" : "queued" } };
}

function extractable({ done, text, ref, sha256, size }: UploadState): Extractable | undefined {
  return done && text !== undefined && sha256 !== undefined ? { text, ref, sha256, size } : undefined;
}

function statusOf(outcome: Outcome): Omit<UploadStatus, "upload"> {
  if (outcome.kind === "text") {
    const { pageCount: pages, chars, missing } = outcome;
    return { stage: "ready", pages, chars, missing: [...missing] };
  }
  return { stage: "failed", error: failureOf(outcome) };
}

/** Returns why a file has no text, as an error for the user. */
export function failureOf({ code: stored, reason }: Extract<Outcome, { kind: "failed" }>): WireError {
  const code = Object.hasOwn(ERRORS, stored) ? (stored as ErrorCode) : "INTERNAL";
  const message = code === "BUSY" ? { message: TOO_BUSY_TO_READ } : {};
  return wireError(code, { ...message, ...(reason === undefined ? {} : { reason }) });
}

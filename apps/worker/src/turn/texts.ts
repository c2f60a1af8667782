import {
  renewBytes,
  textState,
  TOO_BUSY_TO_READ,
  type AskFile,
  type BlobStore,
  type Store,
  type StoredText,
} from "@docrelay/channel";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import type { Failure } from "../report/failure.ts";
import type { TextCache } from "./text-cache.ts";

export interface TextDeps {
  readonly store: Store;
  readonly texts: TextCache;
}

export type Text = Extract<StoredText, { kind: "text" }>;

/**
 * What is stored for an ask's files: all texts; or the failure of the first file that failed; or the indexes of the
 * files whose text is still missing.
 */
export type Texts =
  | { kind: "ready"; texts: Text[] }
  | { kind: "failed"; file: number; failure: Failure }
  | { kind: "missing"; files: number[] };

/** Looks up the outcomes of all extractions of an ask's files, and reads the texts only if all of them are stored. */
export async function lookAtTexts({ store, texts: cache }: TextDeps, files: readonly AskFile[]): Promise<Texts> {
  const states = await textState(
    store,
    files.map(({ text }) => text),
  );
  // A text that was stored and has expired may be extracted again, with another outcome.
  for (const [file, { text }] of files.entries()) if (states[file] !== "text") cache.forget(text);
  const failed = states.indexOf("failed");
  if (failed >= 0) return readFailure(cache, files, failed);
  const missing = states.flatMap((state, file) => (state === "missing" ? [file] : []));
  if (missing.length > 0) return { kind: "missing", files: missing };
  const texts: Text[] = [];
  for (const [file, { text }] of files.entries()) {
    const stored = await cache.read(text);
    if (!stored) return { kind: "missing", files: [file] }; // the text expired after its state was read
    if (stored.kind === "failed") return failureOf(file, stored);
    texts.push(stored);
  }
  return { kind: "ready", texts };
}

async function readFailure(cache: TextCache, files: readonly AskFile[], file: number): Promise<Texts> {
  const stored = await cache.read(files[file]?.text ?? "");
  // Since the state was read, the failure has expired or the text was extracted again: the next look finds out which.
  if (stored?.kind !== "failed") return { kind: "missing", files: [file] };
  return failureOf(file, stored);
}

function failureOf(file: number, stored: Extract<StoredText, { kind: "failed" }>): Texts {
  const { reason } = stored;
  const code = knownCode(stored.code);
  return {
    kind: "failed",
    file,
    failure: {
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(code === "BUSY" ? { message: TOO_BUSY_TO_READ } : {}),
    },
  };
}

function knownCode(code: string): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : "INTERNAL";
}

/**
 * Of the files with the indexes `missing`, returns the index of the first file that can never get a text, because its
 * bytes are gone; undefined if there is none. Bytes are released when their text has been stored. So if the bytes are
 * missing, the text may have been stored since it was looked for, and is looked for a second time.
 */
export async function findLostFile(
  { store, blobs }: { store: Store; blobs: BlobStore },
  files: readonly AskFile[],
  missing: readonly number[],
): Promise<number | undefined> {
  for (const file of missing) {
    const { ref, text } = files[file] ?? {};
    if (ref === undefined || text === undefined) continue;
    if (await renewBytes(store, blobs, ref)) continue;
    if ((await textState(store, [text]))[0] === "missing") return file;
  }
  return undefined;
}

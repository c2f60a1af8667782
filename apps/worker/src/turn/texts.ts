import { renewBytes, textState, type AskFile, type BlobStore, type Store, type StoredText } from "@docrelay/channel";
import { ERRORS, type ErrorCode } from "@docrelay/protocol";
import type { TextCache } from "./text-cache.ts";

export type Text = Extract<StoredText, { kind: "text" }>;

/** The texts of an ask's files: all there, one of them impossible (the first by index), or some still to come. */
export type Texts =
  | { kind: "ready"; texts: Text[] }
  | { kind: "failed"; file: number; code: ErrorCode; reason?: string }
  | { kind: "missing"; files: number[] };

/** Looks at the outcomes of all extractions; loads them only when all are there. */
export async function lookAtTexts(
  { store, texts: cache }: { store: Store; texts: TextCache },
  files: readonly AskFile[],
): Promise<Texts> {
  const states = await textState(
    store,
    files.map(({ text }) => text),
  );
  // One that has been read again since may have come out otherwise.
  for (const [file, { text }] of files.entries()) if (states[file] !== "text") cache.forget(text);
  const failed = states.indexOf("failed");
  if (failed < 0) {
    const missing = states.flatMap((state, file) => (state === "missing" ? [file] : []));
    if (missing.length > 0) return { kind: "missing", files: missing };
  }
  const texts: Text[] = [];
  for (const [file, { text }] of files.entries()) {
    if (failed >= 0 && file !== failed) continue;
    const stored = await cache.read(text);
    if (!stored) return { kind: "missing", files: [file] }; // it ran out in this very moment
    if (stored.kind === "failed") {
      return {
        kind: "failed",
        file,
        code: readCode(stored.code),
        ...(stored.reason === undefined ? {} : { reason: stored.reason }),
      };
    }
    if (failed >= 0) return { kind: "missing", files: [file] }; // it has just been read again, and is to be had now
    texts.push(stored);
  }
  return { kind: "ready", texts };
}

function readCode(code: string): ErrorCode {
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : "INTERNAL";
}

/**
 * Which missing text can never come, since its bytes are gone; undefined when none. Bytes go only after the text came:
 * so the text is looked at again after its bytes were not found.
 */
export async function lostFile(
  store: Store,
  blobs: BlobStore,
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

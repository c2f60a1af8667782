import { newId, RelayError, type Relay, type UploadStatus } from "@docrelay/client";
import type { Attachment, StoredFile } from "./attachment.ts";
import { createKeptFiles } from "./kept-files.ts";
import { looksLikePdf } from "./transfer.ts";

/**
 * The state of a file's upload. `sent`: which part the server has, from 0 to 1. `upload`: the upload's id, once the
 * server has the whole file; `status` is then what the server reports about the file's text. `error`: why the upload
 * has ended.
 */
export type UploadState =
  | { readonly sent: number }
  | { readonly upload: string; readonly status?: UploadStatus }
  | { readonly error: RelayError };

/**
 * Uploads files when they are attached, not when the question is asked, so that a file's errors are known before the
 * question.
 */
export interface PageUploads {
  /**
   * Begins an upload, unless the file is uploading or uploaded. `upload` is the id of an earlier page's upload, which
   * resumes.
   */
  begin(file: File, upload?: string): void;
  /** Returns what is needed to resume an unfinished upload after a reload; undefined if it is finished. */
  unfinished(file: File): StoredFile | undefined;
  /**
   * Returns the file of an upload that began on this page or an earlier one; undefined when the browser no longer has
   * the file.
   */
  find(upload: string): Promise<File | undefined>;
  state(file: File): UploadState | undefined;
  /** Stops the upload of a file. Changes of the file's state are no longer reported. */
  drop(file: File): void;
}

/** Returns the upload id of an attached file; undefined until the server has the whole file. */
export function uploadOf(uploads: PageUploads, file: Attachment): string | undefined {
  if (!(file instanceof File)) return file.upload;
  const state = uploads.state(file);
  return state && "upload" in state ? state.upload : undefined;
}

/** A file is kept for a reload only if its upload takes longer than this, in ms. */
const KEEP_AFTER_MS = 300;

export function createPageUploads(
  relay: Pick<Relay, "upload" | "onUpload">,
  onChange: (file: File) => void,
): PageUploads {
  const states = new WeakMap<File, UploadState>();
  const stops = new WeakMap<File, AbortController>();
  const ids = new WeakMap<File, string>();
  const begun = new Map<string, File>();
  const kept = createKeptFiles();

  async function run(file: File, upload: string, signal: AbortSignal): Promise<void> {
    const set = (state: UploadState): void => {
      if (signal.aborted) return;
      states.set(file, state);
      onChange(file);
    };
    set({ sent: 0 });
    if (!(await looksLikePdf(file))) return set({ error: notPdf() });
    const keeping = setTimeout(() => void kept.put(upload, file), KEEP_AFTER_MS);
    try {
      const onProgress = (sent: number, size: number): void => set({ sent: sent / Math.max(1, size) });
      const stored = (await relay.upload(file, { upload, signal, onProgress })).upload;
      set({ upload: stored });
      const stopHearing = relay.onUpload(stored, (status) => set({ upload: stored, status }));
      signal.addEventListener("abort", stopHearing);
    } catch (error) {
      if (error instanceof RelayError) set({ error });
      // Either the user has stopped the upload, or the error will come again when the question is asked, and is shown
      // then.
      else states.delete(file);
    } finally {
      clearTimeout(keeping);
      // This line does not run when the page closes during an upload: the file stays kept, so that the upload can
      // resume.
      void kept.drop(upload);
    }
  }
  return {
    begin(file, upload = newId()) {
      const state = states.get(file);
      if (state && !("error" in state)) return;
      const stop = new AbortController();
      stops.set(file, stop);
      ids.set(file, upload);
      begun.set(upload, file);
      void run(file, upload, stop.signal);
    },
    unfinished(file) {
      const [upload, state] = [ids.get(file), states.get(file)];
      return upload !== undefined && state && "sent" in state
        ? { upload, name: file.name, size: file.size }
        : undefined;
    },
    find: async (upload) => begun.get(upload) ?? kept.get(upload),
    state: (file) => states.get(file),
    drop(file) {
      stops.get(file)?.abort();
      states.delete(file);
      begun.delete(ids.get(file) ?? "");
    },
  };
}

function notPdf(): RelayError {
  return new RelayError({ code: "FILE_TYPE_UNSUPPORTED", message: "The file is not a PDF.", retryable: false });
}

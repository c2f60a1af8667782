import { RelayError, type Relay, type UploadStatus } from "@docrelay/client";
import { looksLikePdf } from "./transfer.ts";

/** How far an attached file is: `sent` from 0 to 1; then what the server says of its text; or why it was refused. */
export type UploadState =
  | { readonly sent: number }
  | { readonly upload: string; readonly status?: UploadStatus }
  | { readonly error: RelayError };

/** Uploads files when they are attached, not when the question is asked: what is wrong with one is known before it. */
export interface PageUploads {
  /** Begins, unless the file is or was uploaded. */
  begin(file: File): void;
  state(file: File): UploadState | undefined;
  /** Ends an upload; nothing is told of it any more. */
  drop(file: File): void;
}

export function createPageUploads(
  relay: Pick<Relay, "upload" | "onUpload">,
  onChange: (file: File) => void,
): PageUploads {
  const states = new WeakMap<File, UploadState>();
  const stops = new WeakMap<File, AbortController>();

  async function run(file: File, signal: AbortSignal): Promise<void> {
    const set = (state: UploadState): void => {
      if (signal.aborted) return;
      states.set(file, state);
      onChange(file);
    };
    set({ sent: 0 });
    if (!(await looksLikePdf(file))) return set({ error: notPdf() });
    try {
      const onProgress = (sent: number, size: number): void => set({ sent: sent / Math.max(1, size) });
      const { upload } = await relay.upload(file, { signal, onProgress });
      set({ upload });
      const stopHearing = relay.onUpload(upload, (status) => set({ upload, status }));
      signal.addEventListener("abort", stopHearing);
    } catch (error) {
      if (error instanceof RelayError) set({ error });
      else states.delete(file); // Stopped; or a fault that the next question's upload meets again, and tells.
    }
  }
  return {
    begin(file) {
      const state = states.get(file);
      if (state && !("error" in state)) return;
      const stop = new AbortController();
      stops.set(file, stop);
      void run(file, stop.signal);
    },
    state: (file) => states.get(file),
    drop(file) {
      stops.get(file)?.abort();
      states.delete(file);
    },
  };
}

function notPdf(): RelayError {
  return new RelayError({ code: "FILE_TYPE_UNSUPPORTED", message: "The file is not a PDF.", retryable: false });
}

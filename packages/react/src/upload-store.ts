import { newId, RelayError, type FileInput, type Relay, type UploadStatus } from "@docrelay/client";
import { errorOf } from "./error-of.ts";
import { createFrame } from "./frame.ts";
import { createStore, nothing, type Store } from "./store.ts";

/** A chosen file. Immutable: a change makes another object. */
export interface ChosenFile {
  /** The id of the file in this list. It is not the upload's id. */
  readonly id: string;
  readonly name: string;
  /** The size in bytes. */
  readonly size: number;
  /**
   * The file to pass to `ask`, whatever `state` is: the same object is uploaded once, and an ask waits for its files.
   */
  readonly file: FileInput;
  /**
   * `uploading`, then `reading` while the text is extracted, then `ready`. If `failed`, an ask may still use the file
   * in some cases; see `error`.
   */
  readonly state: "uploading" | "reading" | "ready" | "failed";
  /** Which part of the file has been uploaded so far, from 0 to 1. */
  readonly progress: number;
  /** The id of the upload, once all bytes are stored. */
  readonly upload?: string | undefined;
  /**
   * The number of the page that is being extracted (the first page is 1); `pages` is the number of all pages. Both are
   * undefined until they are known.
   */
  readonly page?: number | undefined;
  readonly pages?: number | undefined;
  /**
   * Why the file has failed. With the code `PDF_ENCRYPTED`, for example, an ask that has the file's password may
   * succeed.
   */
  readonly error?: RelayError | undefined;
}

/** The files that a user chooses for the next question. */
export interface UploadStore extends Store<readonly ChosenFile[]> {
  /** Adds a file to the list and begins to upload it. */
  add(relay: Relay, file: FileInput): ChosenFile;
  remove(id: string): void;
  clear(): void;
}

interface Entry {
  view: ChosenFile;
  readonly over: AbortController;
  unfollow?: () => void;
}

const NO_FILES: readonly ChosenFile[] = [];

export function createUploadStore(): UploadStore {
  let entries: readonly Entry[] = [];
  let files = NO_FILES;
  let changed: () => void = nothing;

  function show(): void {
    files = entries.map(({ view }) => view);
    changed();
  }
  function update(entry: Entry, more: Partial<ChosenFile>): void {
    entry.view = { ...entry.view, ...more };
    if (entries.includes(entry)) show();
  }
  function stage(entry: Entry, { stage, page, pages, error }: UploadStatus): void {
    const isOver = stage === "ready" || stage === "failed";
    const read = { page: page ?? entry.view.page, pages: pages ?? entry.view.pages };
    update(entry, { ...read, state: isOver ? stage : "reading", error: error && new RelayError(error) });
  }
  async function send(relay: Relay, entry: Entry): Promise<void> {
    const { signal } = entry.over;
    const onProgress = (sent: number, size: number): void => update(entry, { progress: sent / (size || 1) });
    try {
      const { upload } = await relay.upload(entry.view.file, { signal, onProgress });
      update(entry, { upload, progress: 1, state: "reading" });
      if (!signal.aborted) entry.unfollow = relay.onUpload(upload, (status) => stage(entry, status));
    } catch (error) {
      if (!signal.aborted) update(entry, { state: "failed", error: errorOf(error) });
    }
  }
  function drop(gone: readonly Entry[]): void {
    entries = entries.filter((entry) => !gone.includes(entry));
    for (const { unfollow } of gone) unfollow?.();
    show();
  }

  const store = createStore({
    frame: createFrame(),
    server: NO_FILES,
    read: () => files,
    attach: (next) => void (changed = next),
  });
  return {
    ...store,
    add(relay, file) {
      const content = "bytes" in file ? file.bytes : file;
      const size = "size" in content ? content.size : content.length;
      const view = { id: newId(), name: file.name, size, file, state: "uploading", progress: 0 } as const;
      const entry: Entry = { view, over: new AbortController() };
      entries = [...entries, entry];
      show();
      void send(relay, entry);
      return view;
    },
    remove(id) {
      const gone = entries.filter(({ view }) => view.id === id);
      for (const { over } of gone) over.abort();
      drop(gone);
    },
    clear: () => drop(entries),
  };
}

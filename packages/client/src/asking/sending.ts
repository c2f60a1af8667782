import type { Accepted, Outgoing } from "./outbox.ts";
import { RelayError } from "../wire/relay-error.ts";
import type { FileInput, UploadOptions } from "../uploads/upload.ts";

/** A file to upload, or the id of a finished upload; its `name` and `size` are for the turn only. */
export type AskFile = (FileInput | { readonly upload: string; readonly name?: string; readonly size?: number }) & {
  readonly password?: string;
};

/** An ask whose files may not be uploaded yet. */
export interface Draft {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly files: readonly AskFile[];
  readonly passwords?: ReadonlyMap<number, string> | undefined;
  onUpload(file: number, sent: number, size: number): void;
}

export interface SendingDeps {
  /** Sends the ask until the server has accepted or refused it. */
  send(ask: Outgoing): Promise<Accepted>;
  /** Uploads a file, once for all asks that name the same object. @returns the upload's id */
  upload(file: FileInput, options: UploadOptions): Promise<string>;
  /** Forgets that a file was uploaded; false when it never was. */
  forget(file: object): boolean;
}

/** An ask on its way to the server: first its files, then itself. */
export interface Sending {
  /** Rejects when an upload or the ask was refused, or with the reason of `withdraw`. */
  readonly accepted: Promise<Accepted>;
  /** Keeps the ask from being sent; false when it was sent already. */
  withdraw(reason: unknown): boolean;
  /** Sends the ask again, if it was sent: for a log that has lost it. */
  again(): Promise<unknown>;
}

export function sendDraft(deps: SendingDeps, draft: Draft): Sending {
  const unsent = new AbortController();
  let outgoing: Outgoing | undefined;

  async function uploadAndSend(): Promise<Accepted> {
    const files = await uploadAll(deps, draft, unsent.signal);
    unsent.signal.throwIfAborted();
    const { id, conversation, message } = draft;
    outgoing = { id, conversation, message, files };
    return deps.send(outgoing);
  }
  /** Uploads that the server does not have any more are uploaded again, once. */
  async function send(): Promise<Accepted> {
    try {
      return await uploadAndSend();
    } catch (error) {
      const gone = error instanceof RelayError && error.code === "NOT_FOUND";
      if (!gone || draft.files.filter((file) => deps.forget(file)).length === 0) throw error;
      outgoing = undefined;
      return uploadAndSend();
    }
  }
  return {
    accepted: send(),
    withdraw(reason) {
      if (!outgoing) unsent.abort(reason);
      return outgoing === undefined;
    },
    again: async () => outgoing && deps.send(outgoing),
  };
}

async function uploadAll(deps: SendingDeps, draft: Draft, signal: AbortSignal): Promise<Outgoing["files"]> {
  const upload = async (file: AskFile, index: number): Promise<string> => {
    if ("upload" in file) return file.upload;
    try {
      return await deps.upload(file, { signal, onProgress: (sent, size) => draft.onUpload(index, sent, size) });
    } catch (error) {
      // An upload does not know its place in the ask.
      throw error instanceof RelayError ? new RelayError({ ...error.wire, file: index }, { cause: error }) : error;
    }
  };
  return Promise.all(
    draft.files.map(async (file, index) => {
      const password = file.password ?? draft.passwords?.get(index);
      const id = await upload(file, index);
      return password === undefined ? { upload: id } : { upload: id, password };
    }),
  );
}

import type { AskProgress } from "../turns/turn.ts";
import type { FileInput, UploadOptions } from "../uploads/upload.ts";
import { RelayError } from "../wire/relay-error.ts";
import type { Outgoing, OutgoingFile } from "./outbox.ts";

/** A file to upload, or the id of a finished upload. With an id, `name` and `size` are used only for display. */
export type AskFile = (FileInput | { readonly upload: string; readonly name?: string; readonly size?: number }) & {
  readonly password?: string;
};

/** An ask as the application made it. Its files may not be uploaded yet. */
export interface Draft {
  readonly id: string;
  readonly message: string;
  readonly files: readonly AskFile[];
  readonly replaces?: string | undefined;
  readonly traceparent?: string | undefined;
  /** When the draft was made, in ms since the epoch. Asks are sent in the order of these times. */
  readonly at: number;
  /** Passwords of files, by the file's index. They are meant for `File` objects, which have no field for a password. */
  readonly passwords?: ReadonlyMap<number, string> | undefined;
  onProgress?(progress: AskProgress): void;
}

export interface UploadDeps {
  /** Uploads a file. If several asks have the same object as a file, it is uploaded once. @returns the upload's id */
  upload(file: FileInput, options: UploadOptions): Promise<string>;
  /** Forgets that a file was uploaded, so that it is uploaded again. Returns false when the file was not uploaded. */
  forget(file: object): boolean;
}

/** Makes from a draft the ask that is sent. Its files have an upload id only if the draft names them by such an id. */
export function outgoingOf(
  { id, message, files, passwords, replaces, traceparent, at }: Draft,
  conversation: string,
): Outgoing {
  const known = files.map((file, index): OutgoingFile => {
    const password = file.password ?? passwords?.get(index);
    const about = "upload" in file ? { upload: file.upload, name: file.name ?? "", size: file.size ?? 0 } : sized(file);
    return { ...about, ...(password !== undefined && { password }) };
  });
  return { id, conversation, message, files: known, replaces, traceparent, at };
}

/**
 * Whether two drafts with one id are the same ask, as far as that can be decided without reading a file. Two uploads
 * are compared by their ids. All other files are compared by name and size, and also by their bytes if the bytes of
 * both files are in memory: not those of a `Blob` or an upload.
 */
export function isSameAsk(one: Draft, other: Draft): boolean {
  const [known, again] = [outgoingOf(one, ""), outgoingOf(other, "")];
  return (
    one.message === other.message &&
    one.replaces === other.replaces &&
    one.files.length === other.files.length &&
    known.files.every(({ password }, index) => password === again.files[index]?.password) &&
    one.files.every((file, index) => isSameFile(file, other.files[index] as AskFile))
  );
}

function isSameFile(one: AskFile, other: AskFile): boolean {
  if (one === other) return true;
  if ("upload" in one && "upload" in other) return one.upload === other.upload;
  if (one.name !== other.name || sizeOf(one) !== sizeOf(other)) return false;
  const [bytes, others] = [bytesOf(one), bytesOf(other)];
  return !bytes || !others || bytes.every((byte, index) => byte === others[index]);
}

/**
 * Uploads those files of an ask that are not uploaded yet. @throws RelayError with the index of the file that failed;
 * the signal's reason
 */
export async function uploadFiles(
  { upload }: UploadDeps,
  draft: Draft,
  ask: Outgoing,
  { signal, onProgress }: { signal: AbortSignal; onProgress(progress: AskProgress): void },
): Promise<Outgoing> {
  const files = await Promise.all(
    draft.files.map(async (file, index) => {
      const known = ask.files[index] ?? sized(file as FileInput);
      if ("upload" in file) return known;
      try {
        const told = (sent: number, size: number): void => onProgress({ stage: "uploading", file: index, sent, size });
        return { ...known, upload: await upload(file, { signal, onProgress: told }) };
      } catch (error) {
        // The error of an upload does not name the file's index in the ask, so the index is added here.
        throw error instanceof RelayError ? new RelayError({ ...error.wire, file: index }, { cause: error }) : error;
      }
    }),
  );
  return { ...ask, files };
}

function sized(file: FileInput): OutgoingFile {
  return { name: file.name, size: sizeOf(file) };
}

function sizeOf(file: AskFile): number {
  if ("upload" in file) return file.size ?? 0;
  const content = file instanceof Blob ? file : file.bytes;
  return content instanceof Blob ? content.size : content.length;
}

function bytesOf(file: AskFile): Uint8Array | undefined {
  return "bytes" in file && file.bytes instanceof Uint8Array ? file.bytes : undefined;
}

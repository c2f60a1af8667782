import type { Link } from "../link/link.ts";
import { RelayError } from "../wire/relay-error.ts";
import { upload, type FileInput, type UploadOptions } from "./upload.ts";

/** The uploads of a connection: the same object is uploaded once, for any number of asks. */
export interface Uploads {
  upload(file: FileInput, options: UploadOptions): Promise<string>;
  /** Forgets that a file was uploaded; false when it never was. */
  forget(file: object): boolean;
}

export function createUploads(link: Link): Uploads {
  const known = new WeakMap<object, Promise<string>>();
  return {
    async upload(file, options) {
      let sending = known.get(file);
      while (sending) {
        try {
          return await sending;
        } catch (error) {
          if (error instanceof RelayError || options.signal?.aborted) throw error;
          // The ask that had begun the upload was stopped, and this one was not: the upload begins again.
          sending = known.get(file);
        }
      }
      const fresh = upload(link, file, options);
      known.set(file, fresh);
      fresh.catch(() => known.get(file) === fresh && known.delete(file));
      return fresh;
    },
    forget: (file) => known.delete(file),
  };
}

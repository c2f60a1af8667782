import type { Link } from "../link/link.ts";
import { tellAll } from "../tell-all.ts";
import { clientError, RelayError } from "../wire/relay-error.ts";
import { newUpload, sendUpload, type FileInput, type Upload, type UploadOptions } from "./upload.ts";

/** The uploads of one relay. The same file object is uploaded once, for any number of asks. */
export interface Uploads {
  /**
   * Uploads a file; after a failure, only the rest of it. All callers that give the same object get the progress of one
   * upload.
   * @returns the upload's id. @throws RelayError
   */
  upload(file: FileInput, options: UploadOptions): Promise<string>;
  /** Forgets that a file was uploaded. Returns false if the file was never uploaded. */
  forget(file: object): boolean;
}

type ProgressListener = NonNullable<UploadOptions["onProgress"]>;

interface Running {
  readonly done: Promise<string>;
  readonly listeners: Set<ProgressListener>;
}

/**
 * After these errors the server has nothing, or another file, under the upload's id. So the next try uses another id.
 */
const OTHER_ID = new Set(["ASK_CONFLICT", "FILE_CORRUPT", "FILE_TYPE_UNSUPPORTED"]);

export function createUploads(link: Link): Uploads {
  const known = new WeakMap<object, Running>();
  const begun = new WeakMap<object, Upload>();

  async function send(file: FileInput, options: UploadOptions): Promise<string> {
    const upload = begun.get(file) ?? newUpload(options.upload);
    begun.set(file, upload);
    try {
      await sendUpload(link, file, upload, options);
      return upload.id;
    } catch (error) {
      if (error instanceof RelayError && OTHER_ID.has(error.code)) begun.delete(file);
      throw isUnreadable(error) ? clientError("FILE_CHANGED", { cause: error }) : error;
    }
  }
  function begin(file: FileInput, { signal, upload }: UploadOptions): Running {
    const listeners = new Set<ProgressListener>();
    const onProgress: ProgressListener = (sent, size) => tellAll(listeners, (listener) => listener(sent, size));
    const running = {
      done: send(file, { ...(signal && { signal }), ...(upload !== undefined && { upload }), onProgress }),
      listeners,
    };
    known.set(file, running);
    running.done.catch(() => known.get(file) === running && known.delete(file));
    return running;
  }
  return {
    async upload(file, options) {
      for (;;) {
        const shared = known.get(file);
        const { done, listeners } = shared ?? begin(file, options);
        const { onProgress } = options;
        // The same listener may be given twice, so each call adds a new function.
        const own: ProgressListener = (sent, size) => onProgress?.(sent, size);
        listeners.add(own);
        try {
          return await done;
        } catch (error) {
          // The upload was begun for another ask, which was stopped. This ask was not stopped, so it begins the upload
          // again.
          if (!shared || error instanceof RelayError || options.signal?.aborted) throw error;
        } finally {
          listeners.delete(own);
        }
      }
    },
    forget(file) {
      begun.delete(file);
      return known.delete(file);
    },
  };
}

/**
 * Whether a file could not be read from the disk. The bytes of a `File` are read only when they are sent, so this may
 * happen in the middle of an upload.
 */
function isUnreadable(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "NotReadableError" || error.name === "NotFoundError");
}

/**
 * Files whose upload is not finished, kept in the browser's database so that the upload can resume after a reload.
 * Where the browser stores nothing for the page, no file is kept, and no call fails.
 */
export interface KeptFiles {
  put(upload: string, file: File): Promise<void>;
  /** Returns the file of an upload; undefined when it is not kept. */
  get(upload: string): Promise<File | undefined>;
  drop(upload: string): Promise<void>;
}

const NAME = "docrelay";
const STORE = "uploads";
/** How many ms the file of a closed page is kept: as long as servers keep conversations by default. */
const KEEP_MS = 24 * 3_600_000;

interface Kept {
  readonly file: File;
  readonly at: number;
}

export function createKeptFiles(): KeptFiles {
  let opening: Promise<IDBDatabase> | undefined;

  async function use<T>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T | undefined> {
    try {
      const database = await (opening ??= open());
      return await result(act(database.transaction(STORE, mode).objectStore(STORE)));
    } catch {
      return undefined; // the storage is blocked or full: the file has to be attached again after a reload
    }
  }
  return {
    async put(upload, file) {
      await use("readwrite", (store) => store.put({ file, at: Date.now() } satisfies Kept, upload));
    },
    async get(upload) {
      const kept = (await use("readonly", (store) => store.get(upload))) as Partial<Kept> | undefined;
      return kept?.file instanceof File ? kept.file : undefined;
    },
    async drop(upload) {
      await use("readwrite", (store) => store.delete(upload));
    },
  };
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE));
  const database = await result(request);
  forgetOld(database);
  return database;
}

function forgetOld(database: IDBDatabase): void {
  const request = database.transaction(STORE, "readwrite").objectStore(STORE).openCursor();
  request.addEventListener("success", () => {
    const cursor = request.result;
    if (!cursor) return;
    const { at = 0 } = cursor.value as Partial<Kept>;
    if (Math.abs(Date.now() - at) > KEEP_MS) cursor.delete();
    cursor.continue();
  });
}

async function result<T>(request: IDBRequest<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  request.addEventListener("success", () => resolve(request.result));
  request.addEventListener("error", () => reject(request.error));
  return promise;
}

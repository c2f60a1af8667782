/** A file that goes with the next questions: of this page, or one that the server has already. */
export type Attachment = File | StoredFile;

/** A file that was uploaded before a reload. */
export interface StoredFile {
  readonly upload: string;
  readonly name: string;
  readonly size: number;
}

const key = (conversation: string): string => `docrelay:files:${conversation}`;

/** What was attached in this tab before the reload, as far as the server has it. */
export function recallFiles(conversation: string): StoredFile[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key(conversation)) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isStored) : [];
  } catch {
    return []; // not ours, or forbidden by the browser
  }
}

/** Keeps the attached files that the server has for a reload of this tab. */
export function keepFiles(conversation: string, files: readonly Attachment[], uploads: WeakMap<File, string>): void {
  const stored = files.flatMap((file): StoredFile[] => {
    if (!(file instanceof File)) return [file];
    const upload = uploads.get(file);
    return upload === undefined ? [] : [{ upload, name: file.name, size: file.size }];
  });
  try {
    sessionStorage.setItem(key(conversation), JSON.stringify(stored));
  } catch {
    // full, or forbidden by the browser: a reload then asks for the file again
  }
}

function isStored(value: unknown): value is StoredFile {
  const { upload, name, size } = (value ?? {}) as Partial<StoredFile>;
  return typeof upload === "string" && typeof name === "string" && typeof size === "number";
}

/** A file that goes with the next questions: of this page, or one that the server has already. */
export type Attachment = File | StoredFile;

/** A file that the server has: of an earlier question, of another tab, or from before a reload. */
export interface StoredFile {
  readonly upload: string;
  readonly name: string;
  readonly size: number;
}

export function isStored(value: unknown): value is StoredFile {
  const { upload, name, size } = (value ?? {}) as Partial<StoredFile>;
  return typeof upload === "string" && typeof name === "string" && typeof size === "number";
}

/** The same file, even when one of the two is still being uploaded. */
export function isSameFile(one: Attachment, other: Attachment): boolean {
  if (!(one instanceof File) && !(other instanceof File)) return one.upload === other.upload;
  return one === other || (one.name === other.name && one.size === other.size);
}

/** A file that goes with the next questions: a file of this page, or one that the server already has. */
export type Attachment = File | StoredFile;

/** A file that the server has: from an earlier question, from another tab, or from before a reload. */
export interface StoredFile {
  readonly upload: string;
  readonly name: string;
  readonly size: number;
}

export function isStored(value: unknown): value is StoredFile {
  const { upload, name, size } = (value ?? {}) as Partial<StoredFile>;
  return typeof upload === "string" && typeof name === "string" && typeof size === "number";
}

/** Whether both are the same file. One of the two may still be uploading. */
export function isSameFile(one: Attachment, other: Attachment): boolean {
  if (!(one instanceof File) && !(other instanceof File)) return one.upload === other.upload;
  return one === other || (one.name === other.name && one.size === other.size);
}

/** A file that goes with the next question: a file that the browser has, or one that the server has. */
export type Attachment = File | StoredFile;

/** A file that the server has as the upload `upload`, from an earlier question, another tab, or before a reload. */
export interface StoredFile {
  readonly upload: string;
  readonly name: string;
  readonly size: number;
}

export function isStored(value: unknown): value is StoredFile {
  const { upload, name, size } = (value ?? {}) as Partial<StoredFile>;
  return typeof upload === "string" && typeof name === "string" && typeof size === "number";
}

/**
 * Whether two attachments are the same file. Two files of the server are compared by the ids of their uploads. If at
 * least one of the two is a file of the browser, only names and sizes are compared.
 */
export function isSameFile(one: Attachment, other: Attachment): boolean {
  if (!(one instanceof File) && !(other instanceof File)) return one.upload === other.upload;
  return one === other || (one.name === other.name && one.size === other.size);
}

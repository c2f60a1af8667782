import { say } from "../words/say.ts";

/** The used fields of the `DataTransfer` of a paste or a drop. */
export interface Transfer {
  readonly types: readonly string[];
  readonly files: Iterable<File>;
  readonly items: Iterable<Pick<DataTransferItem, "kind" | "getAsFile" | "webkitGetAsEntry">>;
}
export interface Given {
  readonly files: File[];
  readonly refusals: string[];
}

/**
 * Returns the files of a paste; undefined when it should be pasted as text. A paste with formatted text counts as text,
 * because spreadsheets and word processors add a picture of the text. Of a paste with plain text only PDFs are taken,
 * because file managers add the file's name as text.
 */
export function pastedFiles({ types, files }: Pick<Transfer, "types" | "files">): File[] | undefined {
  if (types.includes("text/html") || types.includes("text/rtf")) return undefined;
  const all = [...files];
  const taken = types.includes("text/plain") ? all.filter(isNamedPdf) : all;
  return taken.length === 0 ? undefined : taken;
}

function isNamedPdf({ name, type }: File): boolean {
  return type === "application/pdf" || /\.pdf$/i.test(name);
}

/** Returns the files of a drop. Dropped folders and links are refused, with a sentence for the user. */
export function droppedFiles({ types, files, items }: Transfer): Given {
  if (!types.includes("Files")) {
    if (!types.includes("text/uri-list")) return { files: [], refusals: [] };
    return { files: [], refusals: [say("isLink")] };
  }
  const folders = new Set<string>();
  for (const item of items) {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    if (entry?.isDirectory) folders.add(entry.name);
  }
  return {
    files: [...files].filter(({ name }) => !folders.has(name)),
    refusals: [...folders].map((name) => say("isFolder", { name })),
  };
}

/** How many bytes at the beginning of a file are searched for `%PDF-`; servers search the same number. */
const HEAD_BYTES = 1024;

/**
 * Whether a file's first bytes can be those of a PDF. A file that cannot be read passes, and its upload then reports
 * the error.
 */
export async function looksLikePdf(file: Blob): Promise<boolean> {
  try {
    return (await file.slice(0, HEAD_BYTES).text()).includes("%PDF-");
  } catch {
    return true;
  }
}

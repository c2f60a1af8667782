import { say } from "../words/say.ts";

/** What is looked at of a clipboard, or of what is dropped. */
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
 * The files of a paste; undefined when it is to be pasted as text. Spreadsheets and word processors put a picture of the text
 * beside the text itself; file managers put a file's name beside the file.
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

/** The files of a drop. A folder, and a link from another page, are none: each is answered by a sentence. */
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

/** How much of a file is looked at for the mark of a PDF; servers look at as much. */
const HEAD_BYTES = 1024;

/** Whether a file can be a PDF by its first bytes. One that cannot be read is left to the upload, which says why. */
export async function looksLikePdf(file: Blob): Promise<boolean> {
  try {
    return (await file.slice(0, HEAD_BYTES).text()).includes("%PDF-");
  } catch {
    return true;
  }
}

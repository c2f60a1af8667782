import { registerHooks } from "node:module";

/*
 * pdfjs is made for drawing, and nothing of ours can be: no option of it leaves out what only drawing needs. Two places
 * in its source, changed as it is loaded, leave out a quarter of its time, and most of it for Chinese, Japanese and
 * Korean. A release that has other words there is taken as it is; pdfjs-edits.test.ts then says so.
 */

export interface Edit {
  /** The end of the module's address. */
  readonly module: string;
  readonly from: string;
  readonly to: string;
}

export const EDITS: readonly Edit[] = [
  {
    // A composite font that names its letters and their widths is read for nothing but its outlines.
    module: "/legacy/build/pdf.worker.mjs",
    from: "    if (!file || file.isEmpty) {\n",
    to: "    if (file && !file.isEmpty && properties.composite && properties.hasIncludedToUnicodeMap) return;\n    if (!file || file.isEmpty) {\n",
  },
  {
    // Worker and reader are one thread here: letters need no copy. The worker fills the same objects again.
    module: "/legacy/build/pdf.mjs",
    from: "      data: structuredClone(obj, transfer ? {\n",
    to: "      data: obj.chunk?.items ? { ...obj, chunk: { ...obj.chunk } } : structuredClone(obj, transfer ? {\n",
  },
];

export function edited(url: string, source: string): string {
  return EDITS.filter(({ module }) => url.endsWith(module)).reduce(
    (text, { from, to }) => text.replace(from, to),
    source,
  );
}

/** Call it before pdfjs is loaded. */
export function editPdfjs(): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.includes("/pdfjs-dist/") || loaded.source == null) return loaded;
      return { ...loaded, source: edited(url, Buffer.from(loaded.source as string).toString()) };
    },
  });
}

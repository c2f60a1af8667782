import { registerHooks } from "node:module";

/*
 * Changes of pdfjs's source, made while pdfjs is loaded, because pdfjs has no option for them. Two of them leave out
 * work that only drawing needs: this saves a quarter of pdfjs's time, and for Chinese, Japanese and Korean most of it.
 * One adds names of glyphs that pdfjs does not know. If a release of pdfjs has another source, an edit is not made, and
 * pdfjs-edits.test.ts fails.
 */

export interface Edit {
  /** The end of the URL of the module to edit. */
  readonly module: string;
  readonly from: string;
  readonly to: string;
}

export const EDITS: readonly Edit[] = [
  {
    // Lets pdfjs read more of Adobe's names of glyphs: those of several letters (`T_h`, `uni00660066`), and those of a
    // letter's variant (`a.sc`).
    module: "/legacy/build/pdf.worker.mjs",
    from: "        toUnicode[charcode] = String.fromCharCode(unicode);\n        continue;\n      }\n      let code = 0;\n",
    to: `        toUnicode[charcode] = String.fromCharCode(unicode);
        continue;
      }
      const letters = (glyphName.split(".")[0] || "-").split("_").flatMap(name =>
        /^(f{1,2}[bhjkt]|t{1,2}[fi]|tt|Th|[cs]t|sp)$/.test(name) ? [...name].map(letter => letter.charCodeAt(0)) : /^uni([0-9A-F]{4}){2,}$/.test(name) ? name.match(/[0-9A-F]{4}/g).map(hex => parseInt(hex, 16))
          : getUnicodeForGlyph(name, glyphsUnicodeMap));
      if ((letters.length > 1 || glyphName.includes(".")) && letters.every(letter => letter > 0 && letter <= 0xffff)) {
        toUnicode[charcode] = String.fromCharCode(...letters);
        continue;
      }
      let code = 0;
`,
  },
  {
    // Keeps pdfjs from parsing the font file that is embedded for a composite font with a ToUnicode map. pdfjs would
    // parse it only for the outlines, because the PDF itself gives the font's letters and widths.
    module: "/legacy/build/pdf.worker.mjs",
    from: "    if (!file || file.isEmpty) {\n",
    to: "    if (file && !file.isEmpty && properties.composite && properties.hasIncludedToUnicodeMap) return;\n    if (!file || file.isEmpty) {\n",
  },
  {
    // pdfjs copies the letters from its worker to its reader. Here, both run in the same thread, so no copy is needed.
    module: "/legacy/build/pdf.mjs",
    from: "      data: structuredClone(obj, transfer ? {\n",
    to: "      data: obj.chunk?.items ? { ...obj, chunk: { ...obj.chunk } } : structuredClone(obj, transfer ? {\n",
  },
];

export function edited(url: string, source: string): string {
  return EDITS.filter(({ module }) => url.endsWith(module)).reduce(
    (text, { from, to }) => text.replace(from, () => to),
    source,
  );
}

/** From now on, `EDITS` are applied to pdfjs's source whenever a module of pdfjs is loaded. */
export function editPdfjs(): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.includes("/pdfjs-dist/") || loaded.source == null) return loaded;
      return { ...loaded, source: edited(url, Buffer.from(loaded.source as string).toString()) };
    },
  });
}

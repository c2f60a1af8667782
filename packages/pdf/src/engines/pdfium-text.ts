import type { Pdfium } from "./pdfium.ts";

export interface GivenText {
  readonly text: string;
  /** For each unit of the text the index of its character, where these are not the same. */
  readonly chars?: Int32Array;
}

/** The text of a page as PDFium has it, `count` characters. */
export function readText(pdfium: Pdfium, text: number, count: number): GivenText {
  const { call, allocate, heap } = pdfium;
  // UTF-16 with a closing NUL; a character beyond the basic plane takes two units.
  const at = allocate((count * 2 + 1) * 2);
  try {
    const written = call.FPDFText_GetText(text, 0, count, at);
    const bytes = heap();
    const given = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.max(0, written - 1) * 2).toString("utf16le");
    return given.length === count ? { text: given } : withAllLetters(pdfium, text, count);
  } finally {
    call.free(at);
  }
}

/** Some control characters PDFium leaves out of the text: letters that their font gives no name, and such a code. */
function withAllLetters({ call }: Pdfium, text: number, count: number): GivenText {
  const chars: number[] = [];
  let all = "";
  for (let index = 0; index < count; index++) {
    const isInText = call.FPDFText_GetTextIndexFromCharIndex(text, index) >= 0;
    if (!isInText && call.FPDFText_HasUnicodeMapError(text, index) !== 1) continue;
    const code = call.FPDFText_GetUnicode(text, index);
    const sign = code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
    for (let unit = 0; unit < sign.length; unit++) chars.push(index);
    all += sign;
  }
  return { text: all, chars: Int32Array.from(chars) };
}

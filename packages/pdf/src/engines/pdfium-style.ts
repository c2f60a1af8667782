import type { Style } from "../text/styled.ts";
import type { Pdfium } from "./pdfium.ts";

/** How many bytes of a font's name are read at most; a longer name is ignored. */
const NAME_BYTES = 128;
const BOLD_WEIGHT = 600;
const FIXED_PITCH = 1;
const BOLD = /bold|black|heavy|demi/i;
/**
 * Matches parts of the names of monospaced fonts. Needed because many programs do not set the flag that marks a font as
 * monospaced.
 */
const MONO = /mono|courier|consol|typewriter|menlo|code|cmtt/i;

export function styleOf({ call, allocate, heap }: Pdfium, text: number, char: number): Omit<Style, "words"> {
  const at = allocate(4 + NAME_BYTES);
  try {
    const length = call.FPDFText_GetFontInfo(text, char, at + 4, NAME_BYTES, at);
    const bytes = Buffer.from(heap().buffer, heap().byteOffset + at, 4 + NAME_BYTES);
    const name = length > 0 && length <= NAME_BYTES ? bytes.toString("latin1", 4, 4 + length - 1) : "";
    const isFixed = length > 0 && (bytes.readInt32LE(0) & FIXED_PITCH) === FIXED_PITCH;
    return {
      bold: call.FPDFText_GetFontWeight(text, char) >= BOLD_WEIGHT || BOLD.test(name),
      mono: isFixed || MONO.test(name),
    };
  } finally {
    call.free(at);
  }
}

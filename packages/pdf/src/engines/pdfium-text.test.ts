import { expect, it } from "vitest";
import { line, onePage, textOf } from "../../test/one-page.ts";

/** A font that names the codes 0x61 to 0x7a as the letters a to z, and the code of its blank, 0x40, as U+`at`. */
function fontWith(at: string): { font: string; objects: Array<{ dictionary: string; content: string }> } {
  const cmap =
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n1 begincodespacerange <00> <ff> endcodespacerange\n" +
    `1 beginbfrange <61> <7a> <0061> endbfrange\n1 beginbfchar <40> <${at}> endbfchar\n` +
    "endcmap CMapName currentdict /CMap defineresource pop end end";
  const widths = Array.from({ length: 256 }, () => 500).join(" ");
  const glyphs = Array.from({ length: 26 }, (_, index) => `/${String.fromCharCode(0x61 + index)} 7 0 R`).join(" ");
  const names = `64 /blank 97 ${Array.from({ length: 26 }, (_, index) => `/${String.fromCharCode(0x61 + index)}`).join(" ")}`;
  const font =
    `<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 500] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 0 /LastChar 255 ` +
    `/CharProcs << ${glyphs} /blank 8 0 R >> /Encoding << /Type /Encoding /Differences [${names}] >> ` +
    `/Widths [${widths}] /ToUnicode 6 0 R >>`;
  const objects = [
    { dictionary: "", content: cmap },
    { dictionary: "", content: "500 0 20 0 480 480 d1 20 0 460 480 re f" },
    { dictionary: "", content: "500 0 0 0 0 0 d1" },
  ];
  return { font, objects };
}

it.each(["0001", "0009"])("a blank that its font names U+%s is a blank", async (code) => {
  const content = line(700, "the@port@office");
  expect(await textOf(onePage({ content, ...fontWith(code) }))).toBe("the port office");
});

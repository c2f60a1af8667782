import { describe, expect, it } from "vitest";
import { looksLikePdf } from "./pdf-bytes.ts";

describe("looksLikePdf", () => {
  it.each([
    ["a PDF", Buffer.from("%PDF-1.7\n"), true],
    ["a PDF behind some junk", Buffer.concat([Buffer.alloc(1019, 1), Buffer.from("%PDF-")]), true],
    ["a mark that ends one byte too late", Buffer.concat([Buffer.alloc(1020, 1), Buffer.from("%PDF-")]), false],
    ["a PNG", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), false],
    ["a program", Buffer.from("MZ\x90\0"), false],
    ["half a mark", Buffer.from("%PDF"), false],
    ["nothing", Buffer.alloc(0), false],
  ])("%s", (_name, bytes, is) => expect(looksLikePdf(bytes)).toBe(is));

  it("looks at the view it is given, not at the memory around it", () => {
    const memory = Buffer.from("%PDF-xxxxxxxxxx%PDF-");
    expect(looksLikePdf(new Uint8Array(memory.buffer, memory.byteOffset + 5, 10))).toBe(false);
    expect(looksLikePdf(new Uint8Array(memory.buffer, memory.byteOffset + 15, 5))).toBe(true);
  });
});

import { assemble, type PdfObject } from "@docrelay/testkit";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createContentStreams } from "./content-streams.ts";

const PAGE = 3;
const content = Array.from({ length: 40 }, (_, at) => `BT /F1 11 Tf 72 ${740 - at * 14} Td (Berth ${at * 37}) Tj ET\n`);
const whole = deflateSync(content.join(""));
const wrongAt = (at: number): Buffer => {
  const bytes = Buffer.from(whole);
  bytes.fill(0x55, at, at + 4);
  return bytes;
};
const stream = (bytes: Buffer): PdfObject => ({
  dictionary: "/Filter /FlateDecode",
  content: bytes.toString("latin1"),
});

function file(contents: string, ...objects: PdfObject[]): Uint8Array {
  const page = `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${contents} >>`;
  return assemble(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, ...objects]);
}

/** Moves the page's dictionary into an object stream, as many programs do since PDF 1.5. */
const packed = (bytes: Buffer): Uint8Array => {
  const objects = "3 0 << /Type /Page /Contents 1 0 R >>";
  return Buffer.concat([
    Buffer.from("%PDF-1.7\n1 0 obj\n<< /Filter [/FlateDecode] /Length 9 0 R >>\nstream\r\n"),
    bytes,
    Buffer.from("\nendstream\nendobj\n2 0 obj << /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode >>\nstream\n"),
    deflateSync(Buffer.from(objects)),
    Buffer.from("\nendstream\nendobj\n"),
  ]);
};

describe("the streams of a page", () => {
  it.each([
    ["whole", file("4 0 R", stream(whole)), false],
    ["with wrong bytes in the middle", file("4 0 R", stream(wrongAt(90))), true],
    ["one of several", file("[4 0 R 5 0 R]", stream(whole), stream(wrongAt(80))), true],
    ["in a list by itself", file("4 0 R", "[5 0 R]", stream(wrongAt(80))), true],
    ["of a page that is packed", packed(wrongAt(80)), true],
    ["of a page that is packed, whole", packed(whole), false],
    ["cut short, as many are that can be read", file("4 0 R", stream(whole.subarray(0, -4))), false],
    ["not packed", file("4 0 R", { dictionary: "", content: content.join("") }), false],
    ["missing", file("9 0 R"), false],
  ])("%s", (_what, bytes, damaged) => {
    expect(createContentStreams(bytes).isDamaged(PAGE)).toBe(damaged);
  });

  it("of an encrypted file cannot be looked at", () => {
    const bytes = Buffer.concat([file("4 0 R", stream(wrongAt(90))), Buffer.from("trailer << /Encrypt 7 0 R >>")]);
    expect(createContentStreams(bytes).isDamaged(PAGE)).toBe(false);
  });
});

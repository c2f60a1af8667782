import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePlainFrame } from "./frame-decoder.ts";

const limits = { messageChars: 32_000, fileBytes: 1000, filesPerAsk: 2 };
const decode = (value: unknown) =>
  decodePlainFrame(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), limits);
const file = (content: string, name = "a.pdf") => ({ name, type: "application/pdf", content });
const pdf = Buffer.from("%PDF-1.4 and more");

describe("a plain frame", () => {
  it("is the original's, with a file as base64 or as a data: URL", () => {
    for (const content of [pdf.toString("base64"), `data:application/pdf;base64,${pdf.toString("base64")}`]) {
      const decoded = decode({ message: "", type: "chat", unique_id: "u-1", file: file(content) });
      expect(decoded).toMatchObject({ uniqueId: "u-1", message: "", stream: false, files: [{ name: "a.pdf" }] });
      if (!("files" in decoded)) throw new Error("refused");
      expect(Buffer.from(decoded.files[0]?.bytes ?? []).equals(pdf)).toBe(true);
      expect(decoded.files[0]?.bytes.buffer.byteLength).toBe(pdf.length);
    }
  });

  it("may do without type, id and file, and carry several files and fields of its own", () => {
    expect(decode({ message: "hi", more: 1 })).toEqual({
      uniqueId: undefined,
      message: "hi",
      stream: false,
      files: [],
    });
    expect(decode({ message: "hi", unique_id: null, file: null, stream: true })).toMatchObject({
      uniqueId: null,
      stream: true,
    });
    expect(decode({ files: [file("", "a"), file("", "b")] })).toMatchObject({ files: [{ name: "a" }, { name: "b" }] });
  });

  it.each([
    ["{", "BAD_MESSAGE", "json"],
    ["null", "BAD_MESSAGE", "schema"],
    ["[]", "BAD_MESSAGE", "schema"],
    ['"x"', "BAD_MESSAGE", "schema"],
    ["{}", "BAD_MESSAGE", "schema"],
    ['{"message":"x","type":7}', "BAD_MESSAGE", "schema"],
    ['{"message":"x","unique_id":1e999}', "BAD_MESSAGE", "schema"],
    ['{"message":"x","unique_id":[1]}', "BAD_MESSAGE", "schema"],
    ['{"message":"x","file":{"name":"a.pdf"}}', "BAD_MESSAGE", "schema"],
    ['{"message":"","file":{}}', "BAD_MESSAGE", "schema"],
    [`{"message":"x","more":${"[".repeat(9)}${"]".repeat(9)}}`, "BAD_MESSAGE", "depth"],
    ["[".repeat(10), "BAD_MESSAGE", "depth"],
    [`{"message":"x","more":[${"{},".repeat(5000)}{}]}`, "BAD_MESSAGE", "schema"],
    ['{"message":"\\ud800"}', "BAD_MESSAGE", "utf8"],
    ['{"message":"\\u0000x"}', "BAD_MESSAGE", "schema"],
    [JSON.stringify({ message: "x".repeat(32_001) }), "PAYLOAD_TOO_LARGE", "message"],
    [JSON.stringify({ file: file("A".repeat(1340)) }), "PAYLOAD_TOO_LARGE", "file"],
    [JSON.stringify({ files: [file(""), file(""), file("")] }), "PAYLOAD_TOO_LARGE", "file"],
    [JSON.stringify({ file: file("", "a\r\nb.pdf") }), "FILE_NAME_INVALID", undefined],
  ])("%.40s is %s (%s)", (text, code, reason) => {
    const { refused } = decode(text);
    expect(refused?.code).toBe(code);
    expect(refused?.reason).toBe(reason);
  });

  it("may have base64 in lines, as MIME writes it", () => {
    const bytes = Buffer.from("%PDF-1.4 and more".repeat(20));
    for (const end of ["\n", "\r\n", " \t"]) {
      const lines = bytes.toString("base64").replaceAll(/.{76}/g, (line) => line + end) + end;
      const decoded = decode({ file: file(lines) });
      if (!("files" in decoded)) throw new Error("refused");
      expect(Buffer.from(decoded.files[0]?.bytes ?? []).equals(bytes)).toBe(true);
    }
  });

  it.each([null, "", {}, [], false, 0])("has no file when that is %j", (none) => {
    expect(decode({ message: "hi", file: none })).toMatchObject({ message: "hi", files: [] });
    expect(decode({ message: "hi", files: [none, file("")] })).toMatchObject({ files: [{ name: "a.pdf" }] });
  });

  it.each(["42", "-1.0", "1e3", "12345678901234567890", "true", "false"])("keeps the id %s as it came", (id) => {
    expect(decode(`{"message":"hi","unique_id":"other", "unique_id" : ${id} }`)).toMatchObject({
      uniqueId: { json: id },
    });
    expect(decode(`{"unique_id":${id}}`)).toMatchObject({ uniqueId: { json: id }, refused: { code: "BAD_MESSAGE" } });
  });

  it.each(['{"type":"ping"}', '{"type":"typing","message":7}', '{"message":"x","type":"chat","type":"admin"}'])(
    "of a type of its own is ignored: %s",
    (text) => expect(decode(text)).toEqual({ ignored: true }),
  );

  it("echoes the client's id with a refusal", () => {
    expect(decode({ unique_id: "mine" })).toMatchObject({ uniqueId: "mine", refused: { code: "BAD_MESSAGE" } });
  });

  it.each(["ABCD===", "AB-_", "ABC", "A===", "AB=C", "=AAA", "AB*D", "AB\u0000CD", "data:text/plain,AAAA"])(
    "base64 %j did not arrive whole",
    (content) => expect(decode({ file: file(content) })).toMatchObject({ refused: { code: "FILE_CORRUPT", file: 0 } }),
  );

  it("never throws, and keeps any bytes", () => {
    fc.assert(fc.property(fc.string(), (text) => void decode(text)));
    fc.assert(fc.property(fc.json(), (text) => void decode(text)));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900 }), (bytes) => {
        const decoded = decode({ file: file(Buffer.from(bytes).toString("base64")) });
        expect("files" in decoded && decoded.files[0]?.bytes).toEqual(bytes);
      }),
    );
  });
});

it("is refused by its depth or its number of parts before it is parsed, brackets and commas in strings aside", () => {
  const reason = (text: string): string | undefined => {
    const { refused } = decode(text);
    return refused?.message;
  };
  const depth = "The message is nested too deeply.";
  const parts = "The message has too many parts.";
  expect(reason(`["${"[,".repeat(20_000)}\\"[["]`)).not.toMatch(/deep|parts/);
  expect(reason("[".repeat(9))).toBe("The message is not JSON.");
  expect(reason("[".repeat(10))).toBe(depth);
  expect(reason(`[${"{},".repeat(10_000)}1]`)).toBe(parts);
  expect(reason(`[${"1,".repeat(10_001)}1]`)).toBe(parts);
});

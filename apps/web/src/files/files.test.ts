import { describe, expect, it } from "vitest";
import { inSentence, withPlainName } from "./file-name.ts";
import { stageText } from "./stage-text.ts";
import { chooseFiles } from "./refusals.ts";
import { droppedFiles, looksLikePdf, pastedFiles } from "./transfer.ts";

const file = (name: string, size = 10, type = "application/pdf"): File => new File(["x".repeat(size)], name, { type });
const limits = { filesPerAsk: 8, fileBytes: 25 * 2 ** 20 };

describe("a file's name", () => {
  it("loses invisible marks of direction, and stays the same object without any", () => {
    expect(withPlainName(file("\u200fדוח\u200e.pdf")).name).toBe("דוח.pdf");
    expect(withPlainName(file("gpj.\u202efdp")).name).toBe("gpj.fdp");
    const plain = file("a.pdf");
    expect(withPlainName(plain)).toBe(plain);
  });
  it("is isolated in a sentence when it is written from right to left", () => {
    expect(inSentence("a.pdf")).toBe("a.pdf");
    expect(inSentence("דוח.pdf")).toBe("\u2068דוח.pdf\u2069");
  });
});

describe("files that are chosen", () => {
  it("are taken up to the limit, and each one left out is named", () => {
    const ten = Array.from({ length: 10 }, (_, n) => file(`${n}.pdf`));
    const { taken, refusals } = chooseFiles(ten, [], limits);
    expect(taken).toEqual(ten.slice(0, 8));
    expect(refusals).toEqual([8, 9].map((n) => `${n}.pdf was left out: at most 8 files go with one question.`));
  });
  it("are refused one by one, and the good ones among them are taken", () => {
    const chosen = [{ name: "big.pdf", size: 30_000_000 }, { name: "none.pdf", size: 0 }, file("good.pdf")];
    const { taken, refusals } = chooseFiles(chosen, [], limits);
    expect(taken).toEqual([chosen[2]]);
    expect(refusals).toEqual([
      "big.pdf is too large: it has 30.0 MB, and at most 25 MiB are allowed.",
      "none.pdf is empty.",
    ]);
  });
  it("are taken once, also beside one that the server has from before a reload", () => {
    const a = file("a.pdf");
    expect(chooseFiles([a, a], [{ name: "b.pdf", size: 10 }], limits).taken).toEqual([a]);
    expect(chooseFiles([a], [{ name: "a.pdf", size: 10 }], limits)).toEqual({ taken: [], refusals: [] });
  });
});

describe("a paste", () => {
  const png = file("image.png", 10, "image/png");
  it.each([
    ["cells with their picture", ["text/plain", "text/html", "Files"], [png], undefined],
    ["text with a picture", ["text/plain", "Files"], [png], undefined],
    ["text", ["text/plain"], [], undefined],
    ["a PDF, and its name as file managers add it", ["text/plain", "Files"], ["a.pdf"], ["a.pdf"]],
    ["a picture alone, which is answered by a sentence", ["Files"], [png], ["image.png"]],
  ])("of %s", (_, types, files, taken) => {
    const given = files.map((one) => (typeof one === "string" ? file(one) : one));
    expect(pastedFiles({ types, files: given })?.map(({ name }) => name)).toEqual(taken);
  });
});

describe("a drop", () => {
  const item = (name: string, isDirectory: boolean): DataTransferItem =>
    ({ kind: "file", getAsFile: () => null, webkitGetAsEntry: () => ({ name, isDirectory }) }) as never;
  it("of a folder and a file takes the file", () => {
    const files = [file("papers", 1), file("a.pdf")];
    const given = droppedFiles({ types: ["Files"], files, items: [item("papers", true), item("a.pdf", false)] });
    expect(given.files).toEqual([files[1]]);
    expect(given.refusals).toEqual(["papers is a folder. Drop the PDFs that are in it."]);
  });
  it("of a link says what to do, of text nothing", () => {
    expect(droppedFiles({ types: ["text/uri-list", "text/plain"], files: [], items: [] }).refusals).toHaveLength(1);
    expect(droppedFiles({ types: ["text/plain"], files: [], items: [] })).toEqual({ files: [], refusals: [] });
  });
});

it("a PDF is known by its first bytes, which may follow others", async () => {
  expect(await looksLikePdf(new Blob(["junk\n%PDF-1.7 and more"]))).toBe(true);
  expect(await looksLikePdf(new Blob(["PK\u0003\u0004 a document"]))).toBe(false);
  expect(await looksLikePdf(new Blob([" ".repeat(2000), "%PDF-1.7"]))).toBe(false);
});

it("an attached file says how far it is", () => {
  const upload = "u";
  expect(stageText({ sent: 0.456 })).toBe("45% sent");
  expect(stageText({ upload })).toBeUndefined();
  expect(stageText({ upload, status: { upload, stage: "extracting", page: 3, pages: 60 } })).toBe("reading 3 of 60");
  expect(stageText({ upload, status: { upload, stage: "ready", pages: 1 } })).toBe("1 page");
  const missing = [2, 3].map((page) => ({ page, reason: "scan" as const }));
  expect(stageText({ upload, status: { upload, stage: "ready", pages: 60, missing } })).toBe(
    "60 pages, 2 pages not read",
  );
  const error = { code: "PDF_ENCRYPTED", message: "", retryable: false } as const;
  expect(stageText({ upload, status: { upload, stage: "failed", error } })).toBe("needs a password");
});

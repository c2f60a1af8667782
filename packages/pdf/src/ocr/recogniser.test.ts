import { describe, expect, it } from "vitest";
import { recogniserContract } from "../../test/recogniser.contract.ts";
import { findRecogniser, type OcrLanguages } from "./find-recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { sharedCores } from "../../test/shared-cores.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

const MEMORY = 943_718_400;
const path = process.env["PATH"] ?? "";
const native = await nativeLanguages(path);

describe("Tesseract as WebAssembly", () => {
  recogniserContract(() => createTesseractWasm({ languages: ["eng"], memoryBytes: MEMORY, coreWatch: sharedCores() }));

  it("says which package is missing for a language", () => {
    expect(() => createTesseractWasm({ languages: ["eng", "tlh"], memoryBytes: MEMORY })).toThrow(
      "@tesseract.js-data/tlh",
    );
  });
});

describe.skipIf(!native?.has("eng"))("the program tesseract (needs it on PATH)", () => {
  recogniserContract(() => createTesseractNative({ languages: ["eng"], installed: native ?? new Set(), path }));
});

describe("finding a recogniser", () => {
  it("takes the program where it is there and knows all languages, else WebAssembly", async () => {
    const name = async (languages: OcrLanguages, where: string): Promise<string> => {
      await using found = await findRecogniser({ languages, path: where, memoryBytes: MEMORY });
      return found.name;
    };
    expect(await name(["eng"], path)).toBe(native?.has("eng") ? "tesseract" : "tesseract-wasm");
    expect(await name(["eng"], "")).toBe("tesseract-wasm");
    expect(await name("auto", path)).toBe(native ? "tesseract" : "tesseract-wasm");
    expect(await name("auto", "")).toBe("tesseract-wasm");
    expect(await name(["eng"], "/nowhere")).toBe("tesseract-wasm");
    await expect(name(["tlh"], path)).rejects.toThrow("@tesseract.js-data/tlh");
  });
});

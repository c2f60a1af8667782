import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSealing } from "./sealing.ts";

const [OLD, NEW] = ["an old key of at least thirty-two bytes", "a new key of at least thirty-two bytes"];
const [plain, old, rotated] = [createSealing(), createSealing([OLD]), createSealing([NEW, OLD])];
const MAGIC = Buffer.from("\x89DRSEAL\n", "latin1");
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 60 }).map((rest) => Buffer.concat([MAGIC, rest])),
);
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string().map((rest) => `docrelay:sealed:${rest}`),
);

describe("sealed data", () => {
  it("are what was sealed, with and without a key, and with each key of the list", () => {
    fc.assert(
      fc.property(bytes, text, fc.constantFrom(plain, old, rotated), (data, words, writer) => {
        expect(rotated.unseal("here", writer.seal("here", data)).equals(data)).toBe(true);
        expect(rotated.unsealText("here", writer.sealText("here", words))).toBe(words);
        expect(rotated.unsealText("here", writer.sealSameText("here", words))).toBe(words);
      }),
    );
  });

  it("show nothing of themselves, and differ each time", () => {
    const sealed = [old.seal("p", Buffer.from("canary")), old.seal("p", Buffer.from("canary"))];
    expect(sealed[0]).not.toEqual(sealed[1]);
    for (const one of sealed) expect(one.includes("canary")).toBe(false);
    expect(old.sealText("p", "canary")).toMatch(/^docrelay:sealed:[\w-]+$/);
  });

  it("differ between processes: no sub-key and nonce is used twice", () => {
    const heads = new Set<string>();
    for (let process = 0; process < 5; process++) {
      const sealing = createSealing([OLD]);
      for (let index = 0; index < 5; index++) heads.add(sealing.seal("p", Buffer.from("x")).toString("hex", 8, 37));
    }
    expect(heads.size).toBe(25);
  });

  it("can be found again by text and place", () => {
    expect(old.sealSameText("p", "a.pdf")).toBe(createSealing([OLD]).sealSameText("p", "a.pdf"));
    expect(old.sealSameText("p", "a.pdf")).not.toBe(old.sealSameText("q", "a.pdf"));
    expect(old.sealSameText("p", "a.pdf")).not.toBe(rotated.sealSameText("p", "a.pdf"));
  });

  it("are refused without their key, in another place, and when they were changed", () => {
    const sealed = rotated.seal("here", Buffer.from("canary"));
    for (const other of [plain, old, createSealing(["", OLD])])
      expect(() => other.unseal("here", sealed)).toThrow(expect.objectContaining({ kind: "key" }));
    expect(() => rotated.unseal("there", sealed)).toThrow(expect.objectContaining({ kind: "wrong-answer" }));
    for (let at = MAGIC.length; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      expect(() => rotated.unseal("here", changed), `byte ${at}`).toThrow("stored data");
      expect(() => rotated.unseal("here", sealed.subarray(0, at)), `cut at ${at}`).toThrow("stored data");
    }
  });

  it("are not made by an empty first key, which still reads", () => {
    const reader = createSealing(["", NEW]);
    expect(reader.isOn).toBe(false);
    expect(reader.sealText("p", "words")).toBe("words");
    expect(reader.unsealText("p", rotated.sealText("p", "words"))).toBe("words");
  });

  it("are current when the first key has sealed them", () => {
    expect([rotated, old, plain].map((by) => rotated.isCurrent(by.sealText("p", "words")))).toEqual([
      true,
      false,
      false,
    ]);
    expect([plain, old].map((by) => plain.isCurrent(by.sealText("p", "words")))).toEqual([true, false]);
  });
});

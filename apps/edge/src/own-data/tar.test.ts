import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";

it("is read by tar", () => {
  const files = [
    ["export.json", "{}"],
    ["files/a.txt", "x".repeat(512)],
    ["empty", ""],
    [`conversations/${"c".repeat(64)}.json`, "y".repeat(1500)],
  ] as const;
  const at = Date.UTC(2026, 0, 2);
  const parts = files.flatMap(([name, text]) => [
    tarHeader(name, { size: text.length, at }),
    Buffer.from(text),
    tarPadding(text.length),
  ]);
  const archive = Buffer.concat([...parts, TAR_END]);
  expect(execFileSync("tar", ["tf", "-"], { input: archive }).toString()).toBe(
    files.map(([name]) => `${name}\n`).join(""),
  );
  expect(execFileSync("tar", ["xOf", "-"], { input: archive }).toString()).toBe(files.map(([, text]) => text).join(""));
});

it("has no room for names of other characters, nor for longer ones", () => {
  for (const name of ["", "ä", "a b", "x".repeat(101)]) expect(() => tarHeader(name, { size: 1, at: 0 })).toThrow();
});

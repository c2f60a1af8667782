import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const LEAST = 17;

interface Guarantee {
  readonly name: string;
  readonly tests: ReadonlyArray<{ file: string; title: string }>;
}

const guarantees: Guarantee[] = readFileSync(join(ROOT, "docs/SPEC.md"), "utf8")
  .split(/^(?=\*\*G\d+\. )/m)
  .slice(1)
  .map((section) => ({
    name: /^\*\*(G\d+)\./.exec(section)?.[1] ?? "",
    tests: [...section.matchAll(/^- `([^`]+\.test\.ts)`: (.+)$/gm)].map(([, file = "", title = ""]) => ({
      file,
      title,
    })),
  }));

describe("docs/SPEC.md", () => {
  it("numbers its guarantees from 1 on, none left out", () => {
    expect(guarantees.map(({ name }) => name)).toEqual(guarantees.map((_, index) => `G${index + 1}`));
    expect(guarantees.length).toBeGreaterThanOrEqual(LEAST);
  });
  it.each(guarantees)("$name is enforced by tests that are there under the name it gives", ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { file, title } of tests) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      // As an argument: a title that only stands in a comment enforces nothing.
      expect(titles(readFileSync(join(ROOT, file), "utf8")), `${file}: ${title}`).toContain(title);
    }
  });
});

/** The strings of a test file that may be titles: first arguments, and those of tables. */
function titles(source: string): string[] {
  return [...source.matchAll(/(?:\b(?:it|test)(?:\.each\(.*\))?\(|\[)\s*"((?:[^"\\]|\\.)*)"/g)].map(([, title = ""]) =>
    title.replaceAll('\\"', '"'),
  );
}

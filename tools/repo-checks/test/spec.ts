import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");

/** A test as vitest found it. */
export interface Found {
  readonly file: string;
  /** Its name and those of the suites around it, as a run prints them. */
  readonly names: readonly string[];
  readonly skipped: boolean;
}

/** A line of docs/SPEC.md: a file, and the name of a test or suite in it. */
export interface Evidence {
  readonly file: string;
  readonly title: string;
}

export interface Guarantee {
  readonly name: string;
  readonly evidence: readonly Evidence[];
}

/** The guarantees of a page, each with all lines that begin a list item. @throws Error on an item that is no evidence. */
export function readGuarantees(page: string): Guarantee[] {
  const [promises = ""] = page.split(/^## Not guaranteed/m);
  const sections = promises.split(/^(?=\*\*G\d+\. )/m);
  return sections
    .filter((section) => section.startsWith("**G"))
    .map((section) => ({
      name: /^\*\*(G\d+)\./.exec(section)?.[1] ?? "",
      evidence: [...section.matchAll(/^- (.*)$/gm)].map(([, line = ""]) => {
        const [, file, title] = /^`([^`]+\.(?:test|contract)\.ts)`: (\S.*)$/.exec(line) ?? [];
        if (!file || !title) throw new Error(`no file and title: ${line}`);
        return { file, title };
      }),
    }));
}

/** The files that guarantees name, each once. */
export function filesOf(guarantees: readonly Guarantee[]): string[] {
  return [...new Set(guarantees.flatMap(({ evidence }) => evidence.map(({ file }) => file)))];
}

/**
 * What is wrong with a line of evidence; undefined when it holds. `within`: the test files that are to have the test; a
 * contract is run by several, and each has to.
 */
export function complaint(
  { file, title }: Evidence,
  within: readonly string[],
  found: readonly Found[],
): string | undefined {
  if (within.length === 0) return `${file}: no test file runs it`;
  for (const runner of within) {
    const named = found.filter((test) => test.file === runner && test.names.includes(title));
    if (named.length === 0) return `${runner}: has no test or suite called "${title}"`;
    if (named.some(({ skipped }) => skipped)) return `${runner}: skips "${title}"`;
  }
  return undefined;
}

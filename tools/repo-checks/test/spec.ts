import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");

/** A test that vitest has found. */
export interface Found {
  readonly file: string;
  /** The test's name and the names of the suites around it, as a test run prints them. */
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

/**
 * Returns the guarantees of docs/SPEC.md, each with its list of tests. @throws Error when a list item is not a file and
 * a name of a test.
 */
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

/** Returns the test files that the guarantees of docs/SPEC.md name, each once. */
export function filesOf(guarantees: readonly Guarantee[]): string[] {
  return [...new Set(guarantees.flatMap(({ evidence }) => evidence.map(({ file }) => file)))];
}

/**
 * Returns what is wrong with a file and test that docs/SPEC.md names; undefined if nothing is. `within` has the test
 * files in which the test must be found: several test files may run a contract suite, and each of them must have the
 * test.
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

import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";

/** One line of the product's source, its replacement, and the test that must then fail. */
export interface Mutation {
  readonly name: string;
  /** The path of the changed file, from the repository's root. */
  readonly file: string;
  /** The text to replace, which must be in `file` exactly once. */
  readonly from: string;
  readonly to: string;
  /**
   * Path of the test file. If it imports `file`, it must be in the same package, because imports of other packages lead
   * to the original repository, not to the copy.
   */
  readonly test: string;
  /** A part of the test's name that vitest takes as a pattern. */
  readonly title: string;
}

/** The full names of the tests that failed and passed, as vitest's JSON reporter writes them. */
export interface Outcome {
  readonly failed: readonly string[];
  readonly passed: readonly string[];
}

/**
 * Copies all files that git does not ignore, as they are in the working tree, to a temporary folder, and links the
 * dependencies there. The caller removes the folder.
 */
export async function copyRepository(root: string): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), "docrelay-mutation-"));
  const tracked = (await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"], root)).split("\n");
  for (const file of tracked.filter((name) => name !== "")) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { force: true });
  }
  // Packages of `examples/` are left out, because they are not installed in this repository.
  const packages = tracked.filter((name) => /^(apps|packages|tools)\/[\w-]+\/package\.json$/.test(name));
  const workspaces = new Set(packages.map(dirname));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "dir");
  for (const folder of workspaces) linkPackages(join(root, folder, "node_modules"), join(copy, folder, "node_modules"));
  return copy;
}

/**
 * Links each installed package directly to the place where it is stored. A child process that reads PDFs may read only
 * its own package and some stored ones, so it could not follow a link through the `node_modules` of the original
 * checkout.
 */
function linkPackages(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (name.startsWith("@")) linkPackages(join(from, name), join(to, name));
    else symlinkSync(realpathSync(join(from, name)), join(to, name));
  }
}

/**
 * Makes a mutation in the copy, and returns a function that undoes it. @throws Error unless `from` is in the file
 * exactly once.
 */
export function mutate(copy: string, { name, file, from, to }: Mutation): () => void {
  const path = join(copy, file);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) throw new Error(`${name}: the line is not in ${file} exactly once`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  return () => writeFileSync(path, source);
}

/**
 * Runs the named tests of these mutations in one vitest, one file after another, and returns the outcome for each
 * mutation. @throws Error when vitest ends without a result.
 */
export async function runTests(copy: string, mutations: readonly Mutation[]): Promise<ReadonlyMap<Mutation, Outcome>> {
  const output = join(copy, "mutation-outcome.json");
  rmSync(output, { force: true });
  const reporter = ["--reporter=json", `--outputFile.json=${output}`, "--no-file-parallelism"];
  const files = new Set(mutations.map(({ test }) => test));
  const titles = mutations.map(({ title }) => title).join("|");
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", ...reporter, ...files, "-t", titles];
  await run(process.execPath, args, copy);
  const { testResults } = JSON.parse(readFileSync(output, "utf8")) as {
    testResults: Array<{ name: string; assertionResults: Array<{ fullName: string; status: string }> }>;
  };
  const outcomeOf = ({ test, title }: Mutation): Outcome => {
    const tests = testResults
      .filter(({ name }) => name.endsWith(`/${test}`))
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ fullName }) => new RegExp(title).test(fullName));
    const named = (status: string): string[] =>
      tests.filter((one) => one.status === status).map(({ fullName }) => fullName);
    return { failed: named("failed"), passed: named("passed") };
  };
  return new Map(mutations.map((mutation) => [mutation, outcomeOf(mutation)]));
}

const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;
const DEADLINE_MS = 280_000;

/** Returns the standard output of a command, even if the command fails: a test run with failed tests exits with 1. */
function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST$)/.test(name)));
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, maxBuffer: MAX_OUTPUT_BYTES, timeout: DEADLINE_MS }, (error, stdout) =>
      error && stdout === "" ? reject(error) : resolve(stdout),
    );
  });
}

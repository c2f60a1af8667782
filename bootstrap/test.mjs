// `npm test` runs all checks, one after another, and prints the time of each; a failed check does not keep the later
// ones from running. Arguments after `npm test --` go to vitest, for example the name of a file. When this process
// ends, also by SIGKILL, the check that runs ends too, and so do the processes, containers and temporary folders of the
// tests.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guard } from "../packages/testkit/src/process/guard.ts";
import { root } from "./step.mjs";

const bin = (name) => join(root, "node_modules/.bin", name);
const args = process.argv.slice(2);
process.once("disconnect", () => process.exit(1));
process.channel?.unref();

// The folder for the temporary folders of all tests. It is removed at the end, because a killed browser leaves its
// profile there.
const temporary = mkdtempSync(join(tmpdir(), "docrelay-test-"));
guard(`folder ${temporary}`);
// If an argument is the name of a folder or a file, all of its tests run, including the slow ones.
const projects = args.some((word) => !word.startsWith("-")) ? ["unit", "e2e", "slow"] : ["unit", "e2e"];
const stages = [
  ["format", bin("oxfmt"), ["--check", "."]],
  ["lint", bin("oxlint"), ["--type-aware", "--deny-warnings"]],
  ["types", bin("tsc"), ["--noEmit", "-p", "tsconfig.json"]],
  ["types of the page", bin("tsc"), ["--noEmit", "-p", "apps/web/tsconfig.json"]],
  ["boundaries", bin("turbo"), ["boundaries"]],
  ["tests", bin("vitest"), ["run", ...projects.flatMap((name) => ["--project", name]), ...args]],
];

let current;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    interrupted = true;
    current?.kill(signal);
  });
}

const failed = [];
for (const [name, program, words] of stages) {
  const begun = performance.now();
  process.stdout.write(`\n── ${name}\n`);
  const code = await run(program, words);
  if (code !== 0) failed.push(name);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  process.stdout.write(`── ${name}: ${code === 0 ? "ok" : "FAILED"}, ${seconds} s\n`);
  if (interrupted) break;
}
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.join(", ")}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
rmSync(temporary, { recursive: true, force: true });

function run(program, words) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, TMPDIR: temporary, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
    const child = spawn(program, words, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
    current = child;
    const release = guard(`process ${child.pid}`);
    child.once("exit", release);
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

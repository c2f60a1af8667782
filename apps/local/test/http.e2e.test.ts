import { freePort, makePdf } from "@docrelay/testkit";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, type Launcher } from "./launcher.ts";

const run = promisify(execFile);
const page = readFileSync(join(import.meta.dirname, "../../../docs/http.md"), "utf8");
const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
const examples = [...page.matchAll(/^```sh\n([^]*?)^```\n\n```text\n([^]*?)^```$/gm)].map(
  ([, command = "", output = ""]) => ({ command, output }),
);

let local: Launcher;
let port: number;
let folder: string;
beforeAll(async () => {
  port = await freePort();
  local = launch({ PORT: String(port) });
  folder = mkdtempSync(join(tmpdir(), "docrelay-http-"));
  writeFileSync(join(folder, "a.pdf"), makePdf({ pages: ["The lighthouse was painted green in 1931."] }));
  await local.process.waitFor(/^ready/);
});
afterAll(async () => {
  await local[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Runs a command of docs/http.md in a shell. The variables that earlier commands have set are set in this shell, too.
 */
async function shell(command: string): Promise<string> {
  const keep = 'for v in TOKEN UPLOAD; do echo "$v=${!v}"; done > .vars';
  const script = `touch .vars; . ./.vars\n${command.replaceAll("localhost:3000", `127.0.0.1:${port}`)}\n${keep}`;
  return (await run("bash", ["-ec", script], { cwd: folder, timeout: 60_000 })).stdout;
}

/** Returns a pattern that matches an output of docs/http.md. `…` in the output stands for any text. */
function pattern(output: string): RegExp {
  const parts = output
    .trim()
    .split("…")
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join("[^]*")}$`);
}

describe("docs/http.md", () => {
  it("has examples", () => expect(examples.length).toBeGreaterThanOrEqual(7));

  it.each(examples)("shows what the command prints: $command", async ({ command, output }) => {
    expect((await shell(command)).trim()).toMatch(pattern(output));
  });

  it("is what the README begins with", async () => {
    const [command = ""] = /^curl -N .*$/m.exec(readme) ?? [];
    expect(examples.some((example) => example.command.includes(command))).toBe(true);
    expect(await shell(command)).toContain("painted green in 1931.");
  });
});

import { eventually, freePort, spawnNode } from "@docrelay/testkit";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const CHILD = join(import.meta.dirname, "../../../bootstrap/child.mjs");
const SERVE = `require("node:net").createServer().listen(process.env.PORT, "127.0.0.1", () => console.log("serving"));
process.once("disconnect", () => process.exit());`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "docrelay-npm-"));
  const how = "{ cwd: '.', env: process.env }";
  const run = `import { runChild } from ${JSON.stringify(CHILD)};
await runChild(process.execPath, ["-e", ${JSON.stringify(SERVE)}], ${how});`;
  writeFileSync(join(folder, "run.mjs"), run);
  const here = `import { runHere } from ${JSON.stringify(CHILD)};
await runHere(${JSON.stringify(join(folder, "serve.cjs"))}, ${how});`;
  writeFileSync(join(folder, "here.mjs"), here);
  writeFileSync(join(folder, "serve.cjs"), `${SERVE}\nprocess.once("SIGTERM", () => process.exit());`);
  const npm = `const { spawn } = require("node:child_process");
spawn("sh", ["-c", process.env.SCRIPT], { stdio: "inherit" });`;
  writeFileSync(join(folder, "npm.cjs"), npm);
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["is replaced by the script", "exec node run.mjs"],
  ["waits for the script", "node run.mjs; exit $?"],
  ["is replaced by the script, which is the launcher", "exec node here.mjs"],
  ["waits for the script, which is the launcher", "node here.mjs; exit $?"],
])("npm start that is killed leaves nothing, also when npm's shell %s", async (_, script) => {
  const port = await freePort();
  const env = { SCRIPT: script, npm_lifecycle_event: "start", PORT: String(port) };
  await using npm = spawnNode(join(folder, "npm.cjs"), { cwd: folder, env });
  await npm.waitFor(/^serving$/);
  npm.kill("SIGKILL");
  // `exited` resolves when npm's output closes, which is when the last process that could write to it has ended.
  expect(await npm.exited).toMatchObject({ signal: "SIGKILL" });
  await eventually(() => isFree(port), { what: "a free port" });
});

async function isFree(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(200) }).catch(
    (error: Error) => error.cause,
  );
  return (answer as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED";
}

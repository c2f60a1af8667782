import { connect } from "@docrelay/client";
import { eventually, freePort, makePdf } from "@docrelay/testkit";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endsAt, launch, nothingIsLeft, start } from "./launcher.ts";

/** Runs the README's first code example, with this port and this file. Returns what the example wrote to stdout. */
async function runReadme(port: number, bytes: Uint8Array): Promise<string> {
  const readme = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  const [, example = ""] = /```ts\nimport \{ connect \} from "@docrelay\/client";\n([^]*?)```/.exec(readme) ?? [];
  expect(example).toContain("http://localhost:3000");
  let said = "";
  const body = `return (async () => { ${example.replace("localhost:3000", `127.0.0.1:${port}`)} })();`;
  // oxlint-disable-next-line typescript/no-implied-eval -- the example is text, and has to run as text
  const run = new Function("connect", "bytes", "process", "console", body) as (...of: unknown[]) => Promise<void>;
  await run(connect, bytes, { stdout: { write: (text: string) => (said += text) } }, { log: () => undefined });
  return said;
}

describe("npm start", () => {
  it("answers from a PDF; at SIGTERM nothing of it is left", async () => {
    await using local = await start();
    const said = await runReadme(local.port, makePdf({ pages: ["The lighthouse was painted green in 1931."] }));
    expect(said).toContain("painted green in 1931. (report.pdf, p. 1)");
    expect((await fetch(`http://127.0.0.1:${local.port}/`)).status).toBe(200);
    expect(local.pids().length).toBeGreaterThanOrEqual(5);
    await endsAt("SIGTERM", local);
    expect(local.process.lines.at(-1)).toMatch(/^ended in/);
  });

  it("ends what it has begun when it is stopped before it is ready", async () => {
    const port = await freePort();
    await using local = Object.assign(launch({ PORT: String(port) }), { port });
    await eventually(() => local.pids().length >= 3, { timeoutMs: 60_000 });
    local.process.kill("SIGTERM");
    await local.process.exited;
    await nothingIsLeft(local);
  });

  it("says all that is wrong with its settings, and exits with 78", async () => {
    await using local = launch({ PORT: "0", ENGINE_URL: "http://user:hunter2@host" });
    expect((await local.process.exited).code).toBe(78);
    expect(local.process.lines.map((line) => line.trim().split(" ")[1])).toEqual(["cannot", "PORT", "ENGINE_URL"]);
    expect(local.process.lines.join("\n")).not.toContain("hunter2");
  });
});

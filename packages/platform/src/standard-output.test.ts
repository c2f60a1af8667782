import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

/** A process that logs until it is told to end by its standard input's end, and then once more. */
const SCRIPT = `
import { createLogger } from ${JSON.stringify(new URL("./logger.ts", import.meta.url).href)};
const log = createLogger({ level: "info", name: "orphan" });
const timer = setInterval(() => log.info({ filler: "x".repeat(10_000) }, "still here"), 1);
process.stdin.resume().on("end", () => {
  clearInterval(timer);
  log.info("ending");
  process.exit(7);
});
`;

it("does not keep a process from ending whose reader has gone", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.stdout.destroy();
  child.stdin.end();
  expect(await ended).toEqual([7, null]);
});

it("waits for a reader that is slow: every line comes, whole", async () => {
  const script = SCRIPT.replace(
    "setInterval(",
    "setInterval(() => undefined, 1e6); for (let n = 0; n < 300; n++) (",
  ).replace(", 1);", ")();");
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let text = "";
  // The pipe holds 64 KB of 3 MB: the writer has to wait.
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('"msg":"still here"') && child.stdin.writable) child.stdin.end();
  }
  await ended;
  const lines = text.trim().split("\n");
  expect(lines).toHaveLength(301);
  for (const line of lines) JSON.parse(line);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";

/** A process that logs all the time. When its standard input ends, it logs once more and exits. */
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

it("writes the lines of one turn of the event loop at once, in order, and a warning without a wait", async () => {
  const script = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
const writes = [];
fs.writeSync = (_fd, bytes) => {
  writes.push(String(bytes).trim().split("\\n").map((line) => JSON.parse(line).msg));
  return bytes.length;
};
syncBuiltinESMExports();
const { createLogger } = await import(${JSON.stringify(new URL("./logger.ts", import.meta.url).href)});
const log = createLogger({ level: "info", name: "busy" });
log.info("one");
await undefined;
log.info("two");
log.warn("three");
log.info("four");
setImmediate(() => process.stderr.write(JSON.stringify(writes)));
`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "ignore", "pipe"] });
  let written = "";
  for await (const chunk of child.stderr) written += String(chunk);
  expect(JSON.parse(written)).toEqual([["one", "two", "three"], ["four"]]);
});

it("a stalled reader does not block the loop: whole lines are dropped and counted, the last ones come out", async () => {
  const script = `
import { createLogger } from ${JSON.stringify(new URL("./logger.ts", import.meta.url).href)};
const log = createLogger({ level: "info", name: "stalled" });
for (let n = 0; n < 1000; n++) log.info({ filler: "x".repeat(10_000) }, "still here");
process.stderr.write("done");
process.stdin.resume().on("end", () => {
  log.info("ending");
  throw new Error("a crash");
});
`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "close");
  // The process writes to stderr only after all 10 MB of lines were logged, so nothing was read meanwhile.
  await once(child.stderr, "data");
  child.stderr.resume();
  child.stdin.end();
  let text = "";
  for await (const chunk of child.stdout) text += String(chunk);
  await ended;
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { msg: string; lines?: number });
  const came = lines.filter(({ msg }) => msg === "still here").length;
  const dropped = lines.reduce((sum, { lines: count = 0 }) => sum + count, 0);
  expect(dropped).toBeGreaterThan(0);
  expect(came + dropped).toBe(1000);
  expect(lines.at(-1)?.msg).toBe("ending");
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { guard } from "@docrelay/testkit";
import { expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "../src/main.ts");

it("ends when its launcher has ended", async () => {
  const out = mkdtempSync(join(tmpdir(), "docrelay-chaos-"));
  const size = ["--edges", "1", "--workers", "1", "--users", "1"];
  const chaos = spawn(process.execPath, [MAIN, "--seconds", "600", ...size, "--out", out], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const release = guard(`process ${chaos.pid ?? 0}`);
  const exited = once(chaos, "exit");
  const [line] = (await once(chaos.stdout as Readable, "data")) as [Buffer];
  expect(line.toString()).toMatch(/^chaos: seed/);
  chaos.disconnect(); // the system also closes the IPC channel when the launcher is killed
  expect(await exited).toEqual([130, null]);
  release();
  rmSync(out, { recursive: true });
});

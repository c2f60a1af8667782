import { eventually, freePort, spawnNode, type TestProcess } from "@docrelay/testkit";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";

const READY = /^ready http:\/\/localhost:\d+$/;
const MAIN = join(import.meta.dirname, "../src/main.ts");

/**
 * A running launcher (the program that `npm start` runs), with a temporary folder of its own. So a test sees which
 * processes and files the launcher leaves behind.
 */
export interface Launcher extends AsyncDisposable {
  readonly process: TestProcess;
  /** Returns the pids of those processes that run now: the launcher, and all processes that it has started. */
  pids(): number[];
  /** Returns the names of the files in the temporary folder. */
  left(): string[];
}

/** Starts a launcher. @param main the launcher's entry: its source, or a built program. */
export function launch(env: Record<string, string>, main = MAIN): Launcher {
  const folder = mkdtempSync(join(tmpdir(), "dr-"));
  const mark = `DOCRELAY_TEST=${folder}`;
  const server = process.env["DOCRELAY_REDIS_SERVER"];
  const launched = spawnNode(main, {
    env: {
      TMPDIR: folder,
      DOCRELAY_TEST: folder,
      DEMO_DELAY_MS: "0",
      ...(server ? { DOCRELAY_REDIS_SERVER: server } : {}),
      ...env,
    },
  });
  // Each process of the launcher inherits the variable `DOCRELAY_TEST`, so it is found even if its parent has ended.
  const pids = (): number[] =>
    execFileSync("ps", ["axeww", "-o", "pid=,command="], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })
      .split("\n")
      .filter((line) => line.includes(mark) && !line.includes("ps axeww"))
      .map((line) => Number(line.trim().split(" ")[0]));
  return {
    process: launched,
    pids,
    left: () => readdirSync(folder),
    async [Symbol.asyncDispose]() {
      await launched.stop();
      for (const pid of pids()) process.kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a launcher on a free port. Resolves when the launcher is ready. */
export async function start(env: Record<string, string> = {}): Promise<Launcher & { port: number }> {
  const port = await freePort();
  const launcher = launch({ PORT: String(port), ...env });
  expect(await launcher.process.waitFor(READY)).toBe(`ready http://localhost:${port}`);
  return Object.assign(launcher, { port });
}

export function commandOf(pid: number): string {
  return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
}

export async function nothingIsLeft(launcher: Launcher & { port: number }): Promise<void> {
  await eventually(() => launcher.pids().length === 0, { what: "the end of every process", timeoutMs: 60_000 });
  await eventually(() => launcher.left().length === 0, { what: "an empty temporary folder" });
  const server = createServer().listen(launcher.port, "127.0.0.1");
  await once(server, "listening");
  server.close();
}

export async function endsAt(signal: NodeJS.Signals, local: Launcher & { port: number }): Promise<void> {
  local.process.kill(signal);
  if (signal !== "SIGKILL") expect(await local.process.exited).toEqual({ code: 0, signal: null });
  await nothingIsLeft(local);
}

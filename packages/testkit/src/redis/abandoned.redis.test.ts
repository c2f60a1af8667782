import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { spawnNode } from "../process/spawn-node.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dr-"));
  mkdirSync(join(folder, "tmp"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
  "a test run that gets %s leaves no Redis, no process and no folder",
  async (signal) => {
    const env = { TMPDIR: join(folder, "tmp"), REPORT: join(folder, "report") };
    const inherited = ["DOCRELAY_REDIS_SERVER", "DOCKER_HOST", "DOCKER_CONFIG"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const root = join(import.meta.dirname, "../../test/abandoned");
    await using run = spawnNode(VITEST, {
      args: ["run", "--root", root],
      env: { ...Object.fromEntries(inherited), ...env },
    });
    const started = await eventually(() => JSON.parse(readFileSync(env.REPORT, "utf8")) as Started, {
      what: "a run in its middle",
    });
    expect(await accepts(started.port)).toBe(true);
    expect(started.pids.filter(isAlive)).toEqual(started.pids);

    run.kill(signal);
    await eventually(() => !started.pids.some(isAlive), { what: "the end of every process" });
    await eventually(async () => !(await accepts(started.port)), { what: "the end of Redis" });
    const left = (): string[] => readdirSync(env.TMPDIR).filter((name) => name.startsWith("docrelay-"));
    await eventually(() => left().length === 0, { what: "the removal of the folders" });
  },
  120_000,
);

interface Started {
  readonly pids: readonly number[];
  readonly port: number;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

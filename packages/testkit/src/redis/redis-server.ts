import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../eventually.ts";
import { freePort } from "../process/free-port.ts";
import { guard } from "../process/guard.ts";
import type { TestRedis } from "./test-redis.ts";

const PORT_TRIES = 5;
const CONFIGURATION = "sentinel.conf";
/**
 * Two folders: Redis keeps its append-only file in `LOG`; `keep` copies the files to `KEPT`, from where `rollBack`
 * restores them.
 */
const LOG = "appendonlydir";
const KEPT = "kept";
const FILE = "appendonly.aof";

/**
 * Starts a local `redis-server` with these options in a temporary folder. Both are removed when this process ends.
 * `sentinel`: a Sentinel's configuration; the server then runs as a Sentinel.
 */
export async function startRedisServer(args: readonly string[], sentinel?: string): Promise<TestRedis> {
  const folder = join(tmpdir(), `docrelay-redis-${randomUUID().slice(0, 8)}`);
  // The guard knows the folder before it exists: a process that is killed between the two leaves nothing.
  const releaseFolder = guard(`folder ${folder}`);
  await mkdir(folder, { mode: 0o700 });
  if (sentinel !== undefined) await writeFile(join(folder, CONFIGURATION), sentinel);
  const all = sentinel === undefined ? args : [...args, "--sentinel"];
  let { child, port } = await launchOnFreePort(folder, all);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  const restart = async (): Promise<void> => {
    child = await eventually(() => launch(folder, port, all), { what: "redis-server back on its port" });
  };
  const stop = async (): Promise<void> => {
    await kill();
    await rm(folder, { recursive: true, force: true });
    releaseFolder();
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    kill,
    restart,
    readLog: async () => {
      const names = await readdir(join(folder, LOG));
      const files = await Promise.all(names.map((file) => readFile(join(folder, LOG, file), "latin1")));
      return files.join("");
    },
    keep: () => copyLog(folder),
    rollBack: async () => {
      await kill();
      await rm(join(folder, LOG), { recursive: true });
      await rename(join(folder, KEPT), join(folder, LOG));
      await restart();
    },
    pause: async () => void child.kill("SIGSTOP"),
    resume: async () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Copies the append-only file. A process under test may have it rewritten at any time: then Redis writes other files and
 * removes the old ones, and the copy begins anew.
 * @throws Error that names the files which Redis has, if they cannot be copied at all.
 */
async function copyLog(folder: string, tries = 5): Promise<void> {
  const [log, kept] = [join(folder, LOG), join(folder, KEPT)];
  const namedFiles = (): Promise<string> => readFile(join(log, `${FILE}.manifest`), "utf8");
  try {
    const before = await namedFiles();
    await rm(kept, { recursive: true, force: true });
    await cp(log, kept, { recursive: true });
    if ((await namedFiles()) !== before) throw new Error("the append-only file was rewritten meanwhile");
  } catch (cause) {
    if (tries > 1) return copyLog(folder, tries - 1);
    const files = await readdir(folder, { recursive: true }).catch(String);
    throw new Error(`the append-only file was not copied; its folder has: ${String(files)}`, { cause });
  }
}

async function launchOnFreePort(
  folder: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; port: number }> {
  for (let tries = 0; tries < PORT_TRIES; tries++) {
    const port = await freePort();
    const child = await launch(folder, port, args);
    if (child) return { child, port };
    // Another process has taken the port first, so another port is tried.
  }
  throw new Error(`redis-server did not start on any of ${PORT_TRIES} ports`);
}

/** Resolves with the server when it accepts connections; with undefined when it ended before. */
async function launch(folder: string, port: number, args: readonly string[]): Promise<ChildProcess | undefined> {
  const server = process.env["DOCRELAY_REDIS_SERVER"] || "redis-server";
  const file = args.includes("--sentinel") ? [join(folder, CONFIGURATION)] : [];
  const own = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const child = spawn(server, [...file, ...own, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid !== undefined) child.once("exit", guard(`process ${child.pid}`));
  let output = "";
  const ready = new Promise<boolean>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      output = (output + data.toString()).slice(-2000);
      if (/Ready to accept connections|\+monitor master/.test(output)) resolve(true);
    });
    child.once("error", () =>
      reject(new Error("No Redis here: install one (apt-get install redis-server) or start a Docker engine.")),
    );
    child.once("exit", () => resolve(false));
  });
  return (await ready) ? child : undefined;
}

import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../eventually.ts";
import { guard } from "./guard.ts";

/** A program in another language that listens on a port. It ends when the process of the test ends. */
export interface ForeignProgram extends AsyncDisposable {
  /** Everything the program has printed, stdout and stderr. */
  output(): string;
  /**
   * Ends the program and resolves when it has ended. With `graceMs`: sends SIGTERM, and SIGKILL after this many ms.
   * Otherwise sends SIGKILL at once.
   */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a program, and resolves when it listens. Its environment is that of the test, with `PORT` in addition. */
export async function startForeign(
  [program = "", ...args]: readonly string[],
  { port, cwd }: { port: number; cwd?: string },
): Promise<ForeignProgram> {
  const own = { PORT: String(port), PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(program, args, { cwd, env: { ...process.env, ...own }, stdio: ["ignore", "pipe", "pipe"] });
  const release = guard(`process ${child.pid ?? 0}`);
  const exited = once(child, "close").then(release);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const stop = async (graceMs = 0): Promise<void> => {
    if (graceMs > 0) child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await exited.finally(() => clearTimeout(timer));
  };
  try {
    await eventually(() => listens(port), { timeoutMs: 60_000, everyMs: 50, what: `${program} listens` });
  } catch (error) {
    await stop();
    throw new Error(`${[program, ...args].join(" ")} did not start; it printed:\n${output}`, { cause: error });
  }
  return { output: () => output, stop, [Symbol.asyncDispose]: stop };
}

/**
 * Finds the Python that has this module. Debian's packages are installed for Debian's own Python; another one on PATH
 * may have none of them.
 */
export function findPython(module: string): string {
  return ["/usr/bin/python3", "python3"].find((python) => runs(python, "-c", `import ${module}`)) ?? "python3";
}

export function runs(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore", timeout: 30_000 }).status === 0;
}

/** Whether `go` succeeds with these arguments, using Debian's sources of Go packages and no network. */
export function runsGo(...args: string[]): boolean {
  return spawnSync("go", args, { stdio: "ignore", timeout: 120_000, env: goEnv() }).status === 0;
}

/** Compiles a Go file to a program, with Debian's sources of Go packages. @throws Error with the compiler's output. */
export async function buildGo(source: string, program: string): Promise<void> {
  await promisify(execFile)("go", ["build", "-o", program, source], { timeout: 120_000, env: goEnv() });
}

function goEnv(): NodeJS.ProcessEnv {
  return {
    GOPATH: "/usr/share/gocode",
    GOCACHE: join(tmpdir(), "docrelay-go"),
    ...process.env,
    GO111MODULE: "off",
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isOpen = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}

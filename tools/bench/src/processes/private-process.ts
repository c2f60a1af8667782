import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, guard } from "@docrelay/testkit";

const ROOT = join(import.meta.dirname, "../../../..");
const READY_MS = 60_000;
const STOP_MS = 5000;

/** A temporary folder for processes. When this process ends, the folder is removed and the processes are killed. */
export interface PrivateFolder extends Disposable {
  readonly path: string;
  /** Makes this child end with this process, even if the child itself does not notice that its parent has ended. */
  adopt(child: ChildProcess): void;
}

/** Creates a temporary folder. @param parent an existing folder; default: the system's folder for temporary files. */
export function makePrivateFolder(parent = tmpdir()): PrivateFolder {
  const children = new Set<ChildProcess>();
  const path = join(parent, `docrelay-bench-${randomUUID().slice(0, 8)}`);
  // The guard knows the folder before it exists: a process that is killed between the two leaves nothing.
  const releaseFolder = guard(`folder ${path}`);
  mkdirSync(path, { mode: 0o700 });
  return {
    path,
    adopt(child) {
      if (child.pid === undefined) return;
      const release = guard(`process ${child.pid}`);
      children.add(child);
      child.once("exit", () => {
        children.delete(child);
        release();
      });
    },
    [Symbol.dispose]() {
      for (const child of children) child.kill("SIGKILL");
      rmSync(path, { recursive: true, force: true });
      releaseFolder();
    },
  };
}

/** A process of a private cluster. */
export interface PrivateProcess extends AsyncDisposable {
  readonly pid: number;
  /** The port on which the process listens; 0 if it does not listen. */
  readonly port: number;
}

/**
 * Starts a program of this project, or of another checkout, with Node, and waits until it logs that it is ready.
 * @throws Error with the last lines that it printed, when it ends before it is ready, or is not ready after 60 s.
 */
export async function startPrivate(of: {
  /** The source file of the program, as a path from the root of its checkout. */
  entry: string;
  /** The checkout that has the program; default: this checkout. */
  root?: string | undefined;
  args?: readonly string[];
  nodeArgs?: readonly string[];
  /** The complete environment of the process: a setting that is left over in a shell must not influence the figures. */
  env?: Readonly<Record<string, string>>;
  /**
   * The working folder of the process. Its output goes to a file there, because reading the output from a pipe would
   * cost the load generator CPU time.
   */
  folder: PrivateFolder;
}): Promise<PrivateProcess> {
  const { entry, root = ROOT, args = [], nodeArgs = [], env = {}, folder } = of;
  const log = join(folder.path, `${randomUUID()}.log`);
  const file = await open(log, "w");
  const command = [...nodeArgs, join(root, entry), ...args];
  const child = spawn(process.execPath, command, {
    env: { ...env },
    stdio: ["ignore", file.fd, file.fd, "ipc"],
    cwd: folder.path,
  });
  folder.adopt(child);
  await file.close();
  const exited = once(child, "exit");
  const end = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  const said = async (): Promise<{ failed: string } | { port?: number } | undefined> => {
    const text = await readFile(log, "utf8");
    if (child.exitCode !== null) return { failed: text };
    const ready = text.split("\n").find((line) => /"msg":"(listening|ready)"/.test(line));
    return ready === undefined ? undefined : (JSON.parse(ready) as { port?: number });
  };
  try {
    const line = await eventually(said, { timeoutMs: READY_MS, what: `${entry} being ready` });
    if ("failed" in line) throw new Error(`${entry} ended:\n${line.failed.slice(-2000)}`);
    return { pid: child.pid ?? 0, port: line.port ?? 0, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

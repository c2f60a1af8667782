import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, guard } from "@docrelay/testkit";

const ROOT = join(import.meta.dirname, "../../../..");
const READY_MS = 60_000;
const STOP_MS = 5000;

/** A temporary folder for processes. It is removed, and they are killed, when this process ends at the latest. */
export interface PrivateFolder extends Disposable {
  readonly path: string;
  /** Ends this child with this process, also when the child has not started to watch its parent yet. */
  adopt(child: ChildProcess): void;
}

/** @param parent an existing folder, by default the system's for temporary files. */
export function makePrivateFolder(parent = tmpdir()): PrivateFolder {
  const children = new Set<ChildProcess>();
  const path = mkdtempSync(join(parent, "docrelay-bench-"));
  const releaseFolder = guard(`folder ${path}`);
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
  /** The port it listens on; 0 when it does not listen. */
  readonly port: number;
}

/**
 * Starts Node with an entry of this project, or of another checkout, and waits until it logs that it is ready.
 * @throws Error with its last lines when it ends before, or after 60 s.
 */
export async function startPrivate(of: {
  /** From the root. */
  entry: string;
  /** The checkout that the entry belongs to; this one by default. */
  root?: string | undefined;
  args?: readonly string[];
  nodeArgs?: readonly string[];
  /** Its whole environment: a setting left over in a shell must not influence the figures. */
  env?: Readonly<Record<string, string>>;
  /**
   * Its working folder and the place of its output file: reading its output from a pipe would cost the generator CPU.
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

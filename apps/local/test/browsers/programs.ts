import { guard } from "@docrelay/testkit";
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const END_MS = 5000;

/**
 * Starts programs whose HOME is a temporary folder. On disposal, and when this process ends, the programs are ended and
 * the folder is removed.
 */
export interface Programs extends AsyncDisposable {
  readonly home: string;
  start(path: string, args: readonly string[], how: { stdio: StdioOptions; env?: NodeJS.ProcessEnv }): ChildProcess;
}

export async function startPrograms(): Promise<Programs> {
  const home = await mkdtemp(join(tmpdir(), "docrelay-browser-"));
  const forget = guard(`folder ${home}`);
  const ends: Array<() => Promise<void>> = [];
  return {
    home,
    start(path, args, { stdio, env = {} }) {
      const child = spawn(path, args, { stdio, env: { ...process.env, ...env, HOME: home } });
      child.on("error", () => undefined); // without a listener, this error would end the test process
      const exited = once(child, "close").catch(() => undefined);
      const gone = child.pid === undefined ? () => undefined : guard(`process ${child.pid}`);
      ends.unshift(async () => {
        const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
        child.kill();
        await exited;
        clearTimeout(timer);
        gone();
      });
      return child;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends.splice(0)) await end();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
      forget();
    },
  };
}

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, startRedis } from "@docrelay/testkit";

const ROOT = join(import.meta.dirname, "../../..");
const READY_MS = 20_000;
const STOP_MS = 5000;

/** One process of a private cluster. */
export interface ClusterProcess {
  readonly pid: number;
  /** Where it listens; 0 when it does not. */
  readonly port: number;
}

export interface ClusterWish {
  readonly edges: number;
  /** Processes with the role `ask`; one more has the role `extract`. */
  readonly workers?: number;
  /** Between two pieces of a reply, in ms; 0: all at once. */
  readonly gapMs?: number;
  readonly pieces?: number;
  /** More for Node, of all processes: `--cpu-prof` and the like. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Real edges and workers, a Redis that syncs every write, and an engine that answers at once; all on this machine. */
export interface Cluster extends AsyncDisposable {
  readonly redisUrl: string;
  readonly urls: readonly string[];
  readonly edges: readonly ClusterProcess[];
  readonly workers: readonly ClusterProcess[];
}

/** Starts it. Everything of it ends with this process at the latest. @throws Error with a process's last lines. */
export async function startCluster(wish: ClusterWish): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "docrelay-bench-"));
  const ends: Array<() => Promise<unknown>> = [() => rm(folder, { recursive: true, force: true })];
  let processes = 0;

  async function start(
    entry: string,
    env: Record<string, string>,
    args: readonly string[] = [],
  ): Promise<ClusterProcess> {
    // Into a file, at the level of production: reading it on a pipe would be the generator's work.
    const log = join(folder, `${processes++}.log`);
    const file = await open(log, "w");
    const { PATH, HOME } = process.env;
    const child = spawn(process.execPath, [...(wish.nodeArgs ?? []), join(ROOT, entry), ...args], {
      env: { PATH, HOME, ...env, ...wish.env },
      stdio: ["ignore", file.fd, file.fd],
      cwd: folder,
    });
    await file.close();
    ends.push(endWith(child));
    const line = await eventually(
      async () => {
        const text = await readFile(log, "utf8");
        if (child.exitCode !== null) return { failed: text };
        const ready = text.split("\n").find((one) => /"msg":"(listening|ready)"/.test(one));
        return ready && (JSON.parse(ready) as { port?: number });
      },
      { timeoutMs: READY_MS, what: `${entry} being ready` },
    );
    if ("failed" in line) throw new Error(`${entry} ended:\n${line.failed.slice(-2000)}`);
    return { pid: child.pid ?? 0, port: line.port ?? 0 };
  }
  async function end(): Promise<void> {
    for (const step of ends.splice(0).reverse()) await step();
  }

  try {
    const redis = await startRedis({ aof: true, container: false });
    ends.push(() => redis[Symbol.asyncDispose]());
    const gap = ["--gap", String(wish.gapMs ?? 0), "--pieces", String(wish.pieces ?? 12)];
    const engine = await start("apps/bench/src/bench-engine.ts", {}, gap);
    const shared = { REDIS_URL: redis.url };
    const worker = { ...shared, ENGINE_URL: `ws://127.0.0.1:${engine.port}`, ENGINE_REPLY: "stream" };
    const roles = [...Array.from({ length: wish.workers ?? 1 }, () => "ask"), "extract"];
    const edge = { ...shared, AUTH_MODE: "anonymous", PORT: "0" };
    const [workers, edges] = await Promise.all([
      Promise.all(roles.map((role) => start("apps/worker/src/main.ts", { ...worker, WORKER_ROLES: role }))),
      Promise.all(Array.from({ length: wish.edges }, () => start("apps/edge/src/main.ts", edge))),
    ]);
    const urls = edges.map(({ port }) => `http://127.0.0.1:${port}`);
    return { redisUrl: redis.url, urls, edges, workers, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

function endWith(child: ChildProcess): () => Promise<void> {
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = once(child, "exit");
  return async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(kill, STOP_MS);
    await exited;
    clearTimeout(timer);
    process.removeListener("exit", kill);
  };
}

import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:net";
import type { Lifecycle } from "@docrelay/platform";
import type { Config } from "./config.ts";
import { startPrivateRedis } from "./private-redis.ts";
import { ENTRIES, startProcess, watch, type LogLine } from "./process.ts";
import { supervise, type Supervised } from "./supervisor.ts";

const EDGES = 2;
const GRACE_MS = 6000;

export interface Started {
  readonly demo: boolean;
  readonly privateRedis: boolean;
  /** Resolves, with a sentence, when something ended that cannot be started again. */
  readonly broken: Promise<string>;
}

/** Starts Redis, engine, worker and edges, each when what it needs is there; adds what it starts to `life`. */
export async function startAll(
  config: Config,
  env: NodeJS.ProcessEnv,
  life: Lifecycle,
  say: (text: string) => void,
  ending: AbortSignal,
): Promise<Started> {
  await assertFree(config);
  let port = config.ADMIN_PORT;
  const adminPort = (): string => (config.ADMIN_PORT === 0 ? "0" : String(port++));
  const print = (name: string) => (line: LogLine) => {
    if (line.level === "warn" || line.level === "error" || line.level === "fatal")
      say(`${name}: ${line.msg ?? ""} ${detail(line)}`);
  };
  const keep = (name: string, start: Parameters<typeof supervise>[0]): Supervised => {
    const one = supervise(start, say, ending);
    life.add(name, () => one.stop(GRACE_MS));
    return one;
  };

  const redis = config.REDIS_URL ? undefined : await startPrivateRedis(config.DOCRELAY_REDIS_SERVER);
  if (redis) life.add("redis", () => redis[Symbol.asyncDispose]());
  const shared = { ...env, REDIS_URL: config.REDIS_URL ?? redis?.url };

  let engineUrl = config.ENGINE_URL;
  let engine: NodeJS.ProcessEnv = {};
  if (!engineUrl) {
    const demo = keep("demo engine", () =>
      startProcess("the demo engine", ENTRIES.engine, { ...env, PORT: enginePort, HOST: "127.0.0.1" }, print("engine")),
    );
    const { port: listening } = await demo.running.ready;
    engineUrl = `ws://127.0.0.1:${listening}`;
    enginePort = String(listening); // should it have to be started again, workers know it by this port
    engine = { ENGINE_PROMPT: env["ENGINE_PROMPT"] || "fenced", ENGINE_REPLY: env["ENGINE_REPLY"] || "stream" };
  }

  cluster.setupPrimary({ exec: ENTRIES.edge, silent: true });
  const edgeEnv = {
    ...shared,
    AUTH_MODE: env["AUTH_MODE"] || "anonymous",
    DRAIN_DELAY_MS: "0",
    PORT: String(config.PORT),
    HOST: config.HOST,
  };
  const edges = Array.from({ length: EDGES }, (_, index) => {
    const admin = adminPort();
    return keep(`edge ${index + 1}`, () => {
      const worker = cluster.fork({ ...edgeEnv, ADMIN_PORT: admin });
      return watch(`edge ${index + 1}`, worker.process, print(`edge ${index + 1}`));
    });
  });
  // One process with both roles: on one machine extraction runs in child processes of it anyway.
  const admin = adminPort();
  const workerEnv = { ...shared, ...engine, ENGINE_URL: engineUrl, ADMIN_PORT: admin, WORKER_GRACE_MS: "1000" };
  const worker = keep("worker", () => startProcess("the worker", ENTRIES.worker, workerEnv, print("worker")));
  await Promise.all([...edges, worker].map((one) => one.running.ready));
  await untilReady(config);

  return {
    demo: !config.ENGINE_URL,
    privateRedis: redis !== undefined,
    broken: redis ? redis.ended.then(() => "Redis ended.") : new Promise(() => undefined),
  };
}

let enginePort = "0";

async function assertFree({ PORT, HOST }: Config): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(PORT, HOST);
    await once(probe, "listening");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EADDRINUSE") {
      throw new Error(
        `Port ${PORT} is in use, perhaps by another docrelay. Take another one: PORT=${PORT + 1} npm start`,
        { cause: error },
      );
    }
    if (code === "EACCES")
      throw new Error(`Port ${PORT} needs more rights. Take another one: PORT=3000 npm start`, { cause: error });
    throw error;
  } finally {
    probe.close();
  }
}

async function untilReady({ PORT, HOST }: Config): Promise<void> {
  const host = HOST === "0.0.0.0" || HOST === "::" ? "127.0.0.1" : HOST;
  const end = Date.now() + 10_000;
  while (Date.now() < end) {
    const answer = await fetch(`http://${host}:${PORT}/readyz`, { signal: AbortSignal.timeout(1000) }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The edges do not get ready: is Redis well?");
}

function detail({ err, reason, warning }: LogLine): string {
  const message = (err as { message?: string } | undefined)?.message;
  return [warning, reason, message].find((text) => typeof text === "string") ?? "";
}

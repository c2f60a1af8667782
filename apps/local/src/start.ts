import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { schema as demoSchema, startDemoEngine } from "@docrelay/demo-engine";
import { describeProblems, parseEnv, type Lifecycle } from "@docrelay/platform";
import type { Config } from "./config.ts";
import { logWords } from "./log-words.ts";
import { startPrivateRedis } from "./private-redis.ts";
import { ENTRIES, READY_MS, startProcess, watch, type LogLine, type Running } from "./process.ts";
import { supervise, type Supervised } from "./supervisor.ts";

const EDGES = 2;
const GRACE_MS = 6000;
const READY_EVERY_MS = 50;
const ANSWER_MS = 10_000;
const PATIENCE_MS = 20_000;

export interface Started {
  /** Whether the demo engine answers the questions. It does if `ENGINE_URL` is not set. */
  readonly demo: boolean;
  readonly privateRedis: boolean;
  /** Resolves with a sentence for the user when the private Redis has ended, which cannot be started again. */
  readonly broken: Promise<string>;
}

export interface Launch {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** For each part that is started, a step that ends the part is added to this `Lifecycle`. */
  readonly life: Lifecycle;
  readonly say: (text: string) => void;
  /** Aborted when `npm start` is to end. From then on, a process that ends is not started again. */
  readonly ending: AbortSignal;
}

/**
 * Starts Redis, the demo engine, the worker and the edges. Redis and the engine are started first. Resolves when all
 * parts serve.
 * @throws Error with a message for people, when the port is taken or a process does not become ready. Then the caller
 * has to close `life`, which ends the parts that were started.
 */
export async function startAll(launch: Launch): Promise<Started> {
  const { config, env, life } = launch;
  await assertFree(config);
  const redis = config.REDIS_URL ? undefined : await startPrivateRedis(config.DOCRELAY_REDIS_SERVER);
  if (redis) life.add("redis", () => redis[Symbol.asyncDispose]());
  const engine = config.ENGINE_URL ? { ENGINE_URL: config.ENGINE_URL } : await openDemoEngine(launch);
  const shared = { ...env, REDIS_URL: config.REDIS_URL ?? redis?.url };
  const adminPort = countPorts(config.ADMIN_PORT);
  const edges = startEdges(launch, shared, adminPort);
  const worker = startWorker(launch, { ...shared, ...engine, ADMIN_PORT: adminPort() });
  const late = setTimeout(() => launch.say("this takes long: is the machine busy? Ctrl-C ends it"), PATIENCE_MS);
  life.add("the word about the time", () => clearTimeout(late));
  await Promise.all([...edges, worker].map((one) => one.running.ready));
  await untilReady(config);
  clearTimeout(late);
  return {
    demo: !config.ENGINE_URL,
    privateRedis: redis !== undefined,
    broken: redis ? redis.ended.then(() => "Redis ended.") : new Promise(() => undefined),
  };
}

/** Starts the demo engine inside this process. Returns the variables that the worker needs for this engine. */
async function openDemoEngine({ env, life, say }: Launch): Promise<NodeJS.ProcessEnv> {
  const parsed = parseEnv(demoSchema, { ...env, PORT: "0", HOST: "127.0.0.1" });
  if (!parsed.ok) throw new Error(describeProblems("the demo engine", parsed.problems));
  const engine = await startDemoEngine(parsed.config, (error) =>
    say(`the demo engine: ${error instanceof Error ? error.message : String(error)}`),
  );
  life.add("the demo engine", () => engine[Symbol.asyncDispose]());
  return {
    ENGINE_URL: `ws://127.0.0.1:${engine.port}`,
    ENGINE_PROMPT: env["ENGINE_PROMPT"] || "fenced",
    ENGINE_REPLY: env["ENGINE_REPLY"] || "stream",
  };
}

/** Starts the edges with Node's `cluster`, so that all of them listen on the same port. */
function startEdges(launch: Launch, shared: NodeJS.ProcessEnv, adminPort: () => string): Supervised[] {
  const { config, env } = launch;
  cluster.setupPrimary({ exec: ENTRIES.edge, args: [], silent: true });
  const edgeEnv = {
    ...shared,
    AUTH_MODE: env["AUTH_MODE"] || "anonymous",
    DRAIN_DELAY_MS: "0",
    PORT: String(config.PORT),
    HOST: config.HOST,
  };
  return Array.from({ length: EDGES }, (_, index) => {
    const admin = adminPort();
    return keep(launch, `edge ${index + 1}`, (name, print) =>
      watch(name, cluster.fork({ ...edgeEnv, ADMIN_PORT: admin }).process, print),
    );
  });
}

function startWorker(launch: Launch, env: NodeJS.ProcessEnv): Supervised {
  return keep(launch, "the worker", (name, print) =>
    startProcess(name, ENTRIES.worker, { ...env, WORKER_GRACE_MS: "1000" }, print),
  );
}

/** Keeps one process running until `life` closes. Shows the warnings and errors of its log on the terminal. */
function keep(
  { life, say, ending }: Launch,
  name: string,
  start: (name: string, print: (line: LogLine) => void) => Running,
): Supervised {
  const print = (line: LogLine): void => {
    if (line.level === "warn" || line.level === "error" || line.level === "fatal") say(`${name}: ${logWords(line)}`);
  };
  const one = supervise(() => start(name, print), say, ending);
  life.add(name, () => one.stop(GRACE_MS));
  return one;
}

/**
 * Each call of the returned function returns a port: `first`, then the next number, and so on. If `first` is 0 (no
 * admin ports), each call returns 0.
 */
function countPorts(first: number): () => string {
  let next = first;
  return () => (first === 0 ? "0" : String(next++));
}

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
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    const answer = await fetch(`http://${host}:${PORT}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    await sleep(READY_EVERY_MS);
  }
  throw new Error("The edges do not get ready: is Redis well?");
}

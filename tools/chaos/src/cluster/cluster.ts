import {
  eventually,
  freePort,
  guard,
  spawnNode,
  startProxy,
  startRedis,
  type Proxy,
  type TestProcess,
  type TestRedis,
} from "@docrelay/testkit";
import { Redis } from "ioredis";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ChaosEngine } from "./engine.ts";
import type { History } from "../history.ts";
import type { Machine, MachineMessage } from "../preload/machine.ts";

type Env = Record<string, string>;

/** One edge or worker of the cluster. It keeps its name and ports when its process is replaced. */
export interface Member {
  readonly name: string;
  readonly role: "edge" | "worker";
  /** The proxy between this member and Redis. */
  readonly redisHop: Proxy;
  /** The proxy between clients and an edge, or between a worker and the engine. */
  readonly outerHop: Proxy;
  readonly up: boolean;
  readonly process: TestProcess | undefined;
  /** The environment of the member's next process. */
  env: Env;
  /** Called with each line that a process of this member prints. */
  onLine: ((line: string) => void) | undefined;
  start(): Promise<void>;
  /**
   * Allows the member's current process to end although the run does not end it: this end is not recorded as `died`.
   */
  excuse(): void;
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  freeze(): void;
  thaw(): void;
  /**
   * Changes the machine that the member's current process sees, for example to one with a full disk. The member's next
   * process has a sound machine again. Works only for a process that was started with `PRELOADED`.
   */
  find(machine: Machine): void;
}

export interface Cluster extends AsyncDisposable {
  readonly redis: TestRedis;
  /** The folder in which the bytes of files are kept; undefined if they are kept in Redis. */
  readonly folder: string | undefined;
  readonly edges: readonly Member[];
  readonly workers: readonly Member[];
  readonly members: readonly Member[];
  /** Sends a command to Redis directly, without a proxy. */
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Adds the memory of every running process to the history, once. */
  measure(): Promise<void>;
}

export interface ClusterOptions {
  readonly edges: number;
  readonly workers: number;
  readonly history: History;
  readonly engine: ChaosEngine;
  readonly env?: Env;
  /** Environment variables for the first process of some members, by the member's name. */
  readonly members?: Readonly<Record<string, Env>>;
  readonly redisArgs?: readonly string[];
  /** Whether bytes of files are kept in a folder instead of Redis. */
  readonly hasFolder?: boolean;
}

const EDGE = fileURLToPath(new URL("../../../../apps/edge/src/main.ts", import.meta.url));
const WORKER = fileURLToPath(new URL("../../../../apps/worker/src/main.ts", import.meta.url));
/** The most resident memory, in bytes, that a process of a chaos run should use. */
const MEMORY_LIMIT = 500_000_000;
const START_MS = 90_000;

/**
 * Starts edges and workers with the commands of production, a Redis with an append-only file, and a proxy on every
 * connection.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { history } = options;
  const redis = await startRedis({ aof: true, args: options.redisArgs ?? [] });
  const folder = options.hasFolder ? await mkdtemp(join(tmpdir(), "docrelay-chaos-")) : undefined;
  const releaseFolder = folder === undefined ? undefined : guard(`folder ${folder}`);
  const env = { ...(folder === undefined ? {} : { BLOB_STORE: `file:${folder}` }), ...options.env };
  const edges = await Promise.all(
    Array.from({ length: options.edges }, (_, index) =>
      openMember({ ...options, env }, redis, "edge", `edge-${index + 1}`),
    ),
  );
  const workers = await Promise.all(
    Array.from({ length: options.workers }, (_, index) =>
      openMember({ ...options, env }, redis, "worker", `worker-${index + 1}`),
    ),
  );
  const members = [...edges, ...workers];
  await Promise.all(members.map((member) => member.start()));

  return {
    redis,
    folder,
    edges,
    workers,
    members,
    async command(name, ...args) {
      const client = new Redis(redis.url);
      try {
        return await client.call(name, ...args);
      } finally {
        client.disconnect();
      }
    },
    async measure() {
      for (const { name, process, up } of members) {
        if (!process || !up) continue;
        const status = await readFile(`/proc/${process.pid}/status`, "utf8").catch(() => "");
        const kilobytes = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
        if (kilobytes)
          history.add({ kind: "memory", process: name, bytes: Number(kilobytes) * 1024, limit: MEMORY_LIMIT });
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(members.map((member) => member.kill()));
      await Promise.all(
        members.flatMap(({ redisHop, outerHop }) => [redisHop, outerHop]).map((hop) => hop[Symbol.asyncDispose]()),
      );
      await redis.stop();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      releaseFolder?.();
    },
  };
}

async function openMember(
  options: ClusterOptions,
  redis: TestRedis,
  role: Member["role"],
  name: string,
): Promise<Member> {
  const { engine, history } = options;
  const redisHop = await startProxy({ port: redis.port });
  const port = await freePort();
  const outerHop = await startProxy({ port: role === "edge" ? port : engine.port });
  let process: TestProcess | undefined;
  let up = false;

  const member: Member = {
    name,
    role,
    redisHop,
    outerHop,
    env: options.members?.[name] ?? {},
    onLine: undefined,
    get up() {
      return up;
    },
    get process() {
      return process;
    },
    async start() {
      await member.kill();
      const env = { ...envOf(member, port), ...options.env, ...member.env };
      const child = spawnNode(role === "edge" ? EDGE : WORKER, { env });
      process = child;
      child.onLine((line) => member.onLine?.(line));
      void child.exited.then(({ code, signal }) => {
        if (process !== child) return;
        up = false;
        // A process that dies at a failpoint kills itself with SIGKILL: that is intended.
        if (expected.has(child) || signal === "SIGKILL") return;
        const how = `exit ${String(code)} ${String(signal)}`;
        history.add({ kind: "died", process: name, how, lines: child.lines.slice(-10) });
      });
      await child.waitFor(role === "edge" ? /"msg":"listening"/ : /"msg":"ready"/, START_MS);
      up = process === child;
    },
    excuse: () => void (process && expected.add(process)),
    async kill(signal = "SIGKILL") {
      if (!process) return;
      up = false;
      await end(process, signal);
    },
    freeze: () => process?.kill("SIGSTOP"),
    thaw: () => process?.kill("SIGCONT"),
    find: (chaos) => process?.send({ chaos } satisfies MachineMessage),
  };
  return member;
}

/** Returns the environment of a member's process. @param port the port on which an edge listens */
function envOf({ role, redisHop, outerHop }: Member, port: number): Env {
  return {
    REDIS_URL: `redis://127.0.0.1:${redisHop.port}`,
    LOG_LEVEL: "info",
    RETENTION_MS: "3600000",
    ...(role === "edge"
      ? { PORT: String(port), AUTH_MODE: "anonymous", DRAIN_DELAY_MS: "0" }
      : { ENGINE_URL: `ws://127.0.0.1:${outerHop.port}`, ENGINE_REPLY: "stream", EXTRACT_CONCURRENCY: "1" }),
  };
}

async function end(child: TestProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  expected.add(child);
  if (signal === "SIGTERM") await child.stop(15_000);
  else child.kill(signal);
  await child.exited;
}

/** The processes that the run itself ends. Their end is not reported. */
const expected = new WeakSet<TestProcess>();

/** Starts a member again. Retries until the member is ready, because an active fault may prevent its start. */
export async function revive(member: Member, history: History): Promise<void> {
  await eventually(
    async () => {
      if (member.up) return true;
      await member.start().catch((error: unknown) => {
        history.add({ kind: "fault", fault: "slow start", target: member.name, forMs: 0 });
        throw error;
      });
      return true;
    },
    { timeoutMs: 120_000, everyMs: 500, what: `${member.name} back` },
  );
}

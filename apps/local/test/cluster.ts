import {
  freePort,
  spawnNode,
  startRedis,
  startRedisCluster,
  startSentinel,
  type TestCluster,
  type TestProcess,
  type TestRedis,
  type TestSentinel,
} from "@docrelay/testkit";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { ENTRIES } from "../src/process.ts";

const DEMO_ENGINE = join(import.meta.dirname, "../../demo-engine/src/main.ts");
type Env = Record<string, string>;

/** A deployment of docrelay made of real processes. Each edge has its own port, as behind a balancer. */
export interface Cluster {
  readonly redis: TestRedis;
  readonly sentinel: TestSentinel;
  /** Set instead of `redis` if the setting `redisCluster` is given. */
  readonly redisCluster: TestCluster;
  readonly edges: readonly TestEdge[];
  readonly workers: TestProcess[];
  url(index?: number): string;
  /** Starts an edge. If `instead` is given, the new edge takes the port and the index of the edge with this index. */
  startEdge(instead?: number): Promise<TestEdge>;
  startWorker(env?: Env): Promise<TestProcess>;
}
export interface TestEdge {
  readonly port: number;
  readonly process: TestProcess;
}

export interface ClusterSettings {
  readonly edges?: number;
  readonly workers?: number;
  readonly env?: Env;
  /**
   * Command-line options of redis-server. If they are given, Redis runs as a process; otherwise it may run in a
   * container.
   */
  readonly redis?: readonly string[];
  /**
   * If given: instead of a single Redis, a master with two replicas and a Sentinel. The value has options of
   * redis-server.
   */
  readonly sentinel?: readonly string[];
  /**
   * If true: instead of a single Redis, a Redis Cluster of three masters with one replica each. When a master is lost,
   * its replica takes over after 2 s.
   */
  readonly redisCluster?: true;
  /** Returns the engine's address. If left out, the demo engine is started. */
  readonly engineUrl?: () => string;
  /** How many ms the demo engine pauses between two words. Default: 0. */
  readonly engineDelayMs?: number;
}

export function useCluster(settings: ClusterSettings = {}): Cluster {
  const edges: TestEdge[] = [];
  const workers: TestProcess[] = [];
  const all: TestProcess[] = [];
  let redis: TestRedis | undefined;
  let sentinel: TestSentinel | undefined;
  let redisCluster: TestCluster | undefined;
  let engineEnv: Env = {};
  const base = (): Env => ({
    ...(redisCluster
      ? { REDIS_URL: redisCluster.seeds, REDIS_CLUSTER: "true" }
      : (sentinel?.env ?? { REDIS_URL: cluster.redis.url })),
    LOG_LEVEL: "warn",
    ...settings.env,
  });
  const start = (entry: string, env: Env): TestProcess => {
    const child = spawnNode(entry, { env });
    all.push(child);
    return child;
  };

  beforeAll(async () => {
    if (settings.sentinel) sentinel = await startSentinel({ args: settings.sentinel });
    else if (settings.redisCluster) redisCluster = await startRedisCluster();
    else redis = await startRedis({ aof: true, ...(settings.redis && { container: false, args: settings.redis }) });
    if (settings.engineUrl) {
      engineEnv = { ENGINE_URL: settings.engineUrl() };
    } else {
      const port = String(await freePort());
      await start(DEMO_ENGINE, { PORT: port, DEMO_DELAY_MS: String(settings.engineDelayMs ?? 0) }).waitFor(
        /"msg":"listening"/,
      );
      engineEnv = { ENGINE_URL: `ws://127.0.0.1:${port}`, ENGINE_PROMPT: "fenced", ENGINE_REPLY: "stream" };
    }
    const few = { edges: settings.edges ?? 2, workers: settings.workers ?? 1 };
    await Promise.all([
      ...Array.from({ length: few.edges }, () => cluster.startEdge()),
      ...Array.from({ length: few.workers }, () => cluster.startWorker()),
    ]);
  }, 120_000);
  afterAll(async () => {
    for (const child of all) child.kill("SIGKILL");
    await Promise.all(all.map((child) => child.exited));
    await (redisCluster ?? sentinel ?? redis)?.stop();
  });

  const cluster: Cluster = {
    get redis() {
      if (!redis) throw new Error("the cluster has not started");
      return redis;
    },
    get redisCluster() {
      if (!redisCluster) throw new Error("the cluster of Redis has not started");
      return redisCluster;
    },
    get sentinel() {
      if (!sentinel) throw new Error("the cluster has no Sentinel");
      return sentinel;
    },
    edges,
    workers,
    url: (index = 0) => `http://127.0.0.1:${edges[index]?.port}`,
    async startEdge(instead) {
      const port = (instead === undefined ? undefined : edges[instead]?.port) ?? (await freePort());
      const env = {
        AUTH_MODE: "anonymous",
        PORT: String(port),
        DRAIN_DELAY_MS: "0",
        ...base(),
        LOG_LEVEL: settings.env?.["LOG_LEVEL"] ?? "info",
      };
      const edge = { port, process: start(ENTRIES.edge, env) };
      await edge.process.waitFor(/"msg":"listening"/);
      edges.splice(instead ?? edges.length, 1, edge);
      return edge;
    },
    async startWorker(env = {}) {
      const worker = start(ENTRIES.worker, { ...base(), ...engineEnv, LOG_LEVEL: "info", ...env });
      await worker.waitFor(/"msg":"ready"/);
      workers.push(worker);
      return worker;
    },
  };
  return cluster;
}

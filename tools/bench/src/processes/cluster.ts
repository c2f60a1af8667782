import { startProxy, startRedis, type TestRedis } from "@docrelay/testkit";
import { makePrivateFolder, startPrivate, type PrivateFolder, type PrivateProcess } from "./private-process.ts";

/** How the engine of a private cluster replies. */
export interface EngineWish {
  /** Whether a reply is a stream of frames, which is the default, or a single frame. */
  readonly reply?: "single" | "stream";
  /** The number of pieces in a stream. */
  readonly pieces?: number;
  /** The time between two pieces of a stream, in ms; 0: all at once. */
  readonly gapMs?: number;
}

export interface ClusterWish extends EngineWish {
  readonly edges: number;
  /**
   * Number of processes with the role `ask`; default: 1. Besides them, one process has the role `extract`. 0: no worker
   * at all.
   */
  readonly workers?: number;
  /** If false, there is no process with the role `extract`: the run sends only text. */
  readonly extract?: false;
  /** The checkout whose edges and workers are started; its dependencies must be installed. Default: this checkout. */
  readonly root?: string | undefined;
  /** The folder for Redis's append-only file, as in {@link startSyncingRedis}. */
  readonly aof?: string | undefined;
  /** The nodes of a running Redis Cluster, which the cluster uses instead of starting a Redis. */
  readonly seeds?: string | undefined;
  /** Delays all data between the processes and Redis by this many ms, in each direction. */
  readonly redisDelayMs?: number | undefined;
  /** Further Node options for edges and workers, for instance `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Real edges and workers, a Redis that syncs every write to disk, and an engine that answers at once. All of them run
 * on this machine.
 */
export interface Cluster extends AsyncDisposable {
  readonly redisUrl: string;
  readonly engineUrl: string;
  readonly urls: readonly string[];
  readonly edges: readonly PrivateProcess[];
  readonly workers: readonly PrivateProcess[];
}

/**
 * Starts a Redis that syncs every write to disk, and that ends when `ends` is disposed.
 * @param aof an existing folder for its append-only file, for instance on a disk in memory; default: the system's
 * folder for temporary files.
 */
export async function startSyncingRedis(ends: AsyncDisposableStack, aof?: string): Promise<TestRedis> {
  const args = aof === undefined ? [] : ["--dir", ends.use(makePrivateFolder(aof)).path];
  return ends.use(await startRedis({ aof: true, container: false, args }));
}

/** Starts the engine of the private cluster. @throws Error with the last lines that the engine printed. */
export function startEngine(wish: EngineWish, folder: PrivateFolder): Promise<PrivateProcess> {
  const { gapMs = 0, pieces = 12, reply = "stream" } = wish;
  const args = ["--gap", String(gapMs), "--pieces", String(pieces), "--reply", reply];
  return startPrivate({ entry: "tools/bench/src/processes/bench-engine.ts", args, folder });
}

/**
 * Returns the address of Redis or, if a delay is set, the address of a proxy in front of Redis, which delays all data.
 */
async function delayed(url: string, ms: number | undefined, ends: AsyncDisposableStack): Promise<string> {
  if (!ms) return url;
  const proxy = ends.use(await startProxy({ port: Number(new URL(url).port) }));
  proxy.latency(ms);
  return `redis://127.0.0.1:${proxy.port}`;
}

/**
 * Starts the cluster. All of its processes end with this process at the latest. @throws Error with the last lines of a
 * process that did not start.
 */
export async function startCluster(wish: ClusterWish): Promise<Cluster> {
  await using ends = new AsyncDisposableStack();
  const folder = ends.use(makePrivateFolder());
  const redisUrl = wish.seeds ?? (await startSyncingRedis(ends, wish.aof)).url;

  const start = async (entry: string, env: Record<string, string>): Promise<PrivateProcess> => {
    const { nodeArgs = [], root } = wish;
    return ends.use(await startPrivate({ entry, root, env: { ...env, ...wish.env }, folder, nodeArgs }));
  };
  const engine = ends.use(await startEngine(wish, folder));
  const engineUrl = `ws://127.0.0.1:${engine.port}`;
  const shared = wish.seeds
    ? { REDIS_URL: wish.seeds, REDIS_CLUSTER: "true" }
    : { REDIS_URL: await delayed(redisUrl, wish.redisDelayMs, ends) };
  const worker = { ...shared, ENGINE_URL: engineUrl, ENGINE_REPLY: wish.reply ?? "stream" };
  const asking = wish.workers ?? 1;
  const extracting = asking === 0 || wish.extract === false ? [] : ["extract"];
  const roles = [...Array.from({ length: asking }, () => "ask"), ...extracting];
  const edge = { ...shared, AUTH_MODE: "anonymous", PORT: "0" };
  const [workers, edges] = await Promise.all([
    Promise.all(roles.map((role) => start("apps/worker/src/main.ts", { ...worker, WORKER_ROLES: role }))),
    Promise.all(Array.from({ length: wish.edges }, () => start("apps/edge/src/main.ts", edge))),
  ]);
  const urls = edges.map(({ port }) => `http://127.0.0.1:${port}`);
  const all = ends.move();
  return { redisUrl, engineUrl, urls, edges, workers, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

import { startRedis } from "@docrelay/testkit";
import { makePrivateFolder, startPrivate, type PrivateProcess } from "./private-process.ts";

export interface ClusterWish {
  readonly edges: number;
  /** Processes with the role `ask`, 1 by default; one more has the role `extract`. 0: no worker at all. */
  readonly workers?: number;
  /** Between two pieces of a reply, in ms; 0: all at once. */
  readonly gapMs?: number;
  readonly pieces?: number;
  /** Further Node options for edges and workers, for instance `--cpu-prof`. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Real edges and workers, a Redis that syncs every write, and an engine that answers at once; all on this machine. */
export interface Cluster extends AsyncDisposable {
  readonly redisUrl: string;
  readonly engineUrl: string;
  readonly urls: readonly string[];
  readonly edges: readonly PrivateProcess[];
  readonly workers: readonly PrivateProcess[];
}

/**
 * Starts the cluster. All of its processes end with this process at the latest. @throws Error with a process's last
 * lines.
 */
export async function startCluster(wish: ClusterWish): Promise<Cluster> {
  await using ends = new AsyncDisposableStack();
  const folder = ends.use(makePrivateFolder());
  const redis = ends.use(await startRedis({ aof: true, container: false }));

  const start = async (entry: string, env: Record<string, string>, args: string[] = []): Promise<PrivateProcess> => {
    const more = entry.startsWith("tools/bench") ? {} : { nodeArgs: wish.nodeArgs ?? [] };
    return ends.use(await startPrivate({ entry, env: { ...env, ...wish.env }, args, folder, ...more }));
  };
  const pace = ["--gap", String(wish.gapMs ?? 0), "--pieces", String(wish.pieces ?? 12)];
  const engine = await start("tools/bench/src/processes/bench-engine.ts", {}, pace);
  const engineUrl = `ws://127.0.0.1:${engine.port}`;
  const shared = { REDIS_URL: redis.url };
  const worker = { ...shared, ENGINE_URL: engineUrl, ENGINE_REPLY: "stream" };
  const asking = wish.workers ?? 1;
  const roles = asking === 0 ? [] : [...Array.from({ length: asking }, () => "ask"), "extract"];
  const edge = { ...shared, AUTH_MODE: "anonymous", PORT: "0" };
  const [workers, edges] = await Promise.all([
    Promise.all(roles.map((role) => start("apps/worker/src/main.ts", { ...worker, WORKER_ROLES: role }))),
    Promise.all(Array.from({ length: wish.edges }, () => start("apps/edge/src/main.ts", edge))),
  ]);
  const urls = edges.map(({ port }) => `http://127.0.0.1:${port}`);
  const all = ends.move();
  return { redisUrl: redis.url, engineUrl, urls, edges, workers, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

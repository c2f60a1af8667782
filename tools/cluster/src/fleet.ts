import { freePort, spawnNode, startBalancer, startRedis, type TestProcess } from "@docrelay/testkit";
import { join } from "node:path";

/** Which processes run, and how many of each, as in the compose file. */
const KINDS = {
  edge: { entry: "apps/edge/src/main.ts", replicas: 2, env: { AUTH_MODE: "anonymous", SESSIONS_PER_MINUTE: "0" } },
  ask: { entry: "apps/worker/src/main.ts", replicas: 2, env: { WORKER_ROLES: "ask" } },
  extract: { entry: "apps/worker/src/main.ts", replicas: 1, env: { WORKER_ROLES: "extract" } },
} as const;
export type Kind = keyof typeof KINDS;

/** A deployment of plain processes of this machine behind a balancer, with a Redis and the demo engine. */
export interface Fleet extends AsyncDisposable {
  /** The address of the balancer. */
  readonly url: string;
  /**
   * Replaces each process of a kind by one of the checkout in `root`, one after the other: the new one is ready before
   * the old one is told to end.
   */
  roll(kind: Kind, root: string): Promise<void>;
}

interface Member {
  readonly port: number;
  readonly process: TestProcess;
}

/** The longest time that a process may take to end, in ms: a draining process waits for its clients. */
const STOP_MS = 20_000;

/** Starts processes of the checkout in `root`; `more`: settings of all of them. */
export async function startFleet(root: string, more: Readonly<Record<string, string>> = {}): Promise<Fleet> {
  await using ends = new AsyncDisposableStack();
  const redis = ends.use(await startRedis({ aof: true }));
  const enginePort = await freePort();
  const engine = ends.use(
    spawnNode(join(root, "apps/demo-engine/src/main.ts"), { env: { PORT: String(enginePort), DEMO_DELAY_MS: "20" } }),
  );
  await engine.waitFor(/"msg":"listening"/);
  const shared = {
    REDIS_URL: redis.url,
    ENGINE_URL: `ws://127.0.0.1:${enginePort}`,
    ENGINE_PROMPT: "fenced",
    ENGINE_REPLY: "stream",
    ...more,
  };
  const members: Record<Kind, Member[]> = { edge: [], ask: [], extract: [] };
  ends.defer(async () => {
    await Promise.all(Object.values(members).flatMap((all) => all.map((one) => one.process.stop())));
  });
  const start = async (kind: Kind, from: string): Promise<Member> => {
    const { entry, env } = KINDS[kind];
    const port = await freePort();
    const process = spawnNode(join(from, entry), { env: { ...shared, ...env, PORT: String(port) }, cwd: from });
    await process.waitFor(/"msg":"(listening|ready)"/);
    return { port, process };
  };
  const balancer = ends.use(await startBalancer(() => members.edge.map(({ port }) => port)));
  const kinds = Object.keys(KINDS) as Kind[];
  await Promise.all(
    kinds.map(async (kind) => {
      const { replicas } = KINDS[kind];
      members[kind].push(...(await Promise.all(Array.from({ length: replicas }, () => start(kind, root)))));
    }),
  );
  const all = ends.move();
  return {
    url: balancer.url,
    async roll(kind, to) {
      for (const old of [...members[kind]]) {
        members[kind].push(await start(kind, to));
        members[kind].splice(members[kind].indexOf(old), 1);
        const { code, signal } = await old.process.stop(STOP_MS);
        if (signal === "SIGKILL") throw new Error(`an old ${kind} did not end within ${STOP_MS} ms (code ${code})`);
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

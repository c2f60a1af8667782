import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually, spawnNode, type TestProcess } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { usageOf } from "../measure/process-usage.ts";
import { startCluster, type Cluster } from "../processes/cluster.ts";
import { ABUSES } from "./abuses.ts";
import { openHonest, type Honest } from "./honest.ts";
import { createPhase, type Memory, type Phase, type Round } from "./phase.ts";

export interface AbuseWish {
  /** The names of the abuses to run, out of {@link ABUSES}. */
  readonly abuses: readonly string[];
  /** How often the list of abuses is run; once by default. */
  readonly rounds?: number;
  readonly honest: number;
  /** If false, honest users send no PDFs: on a busy machine the first extractions take long. */
  readonly pdfs?: false;
  readonly beforeMs: number;
  readonly duringMs: number;
  readonly afterMs: number;
}

/**
 * Returns the address of the nth abuser of a run. Each abuser has an address of its own: otherwise the limits that one
 * has used up would stop the next one.
 */
const abuserAddress = (n: number): string => `203.0.113.${n + 1}`;
const PROCESS = fileURLToPath(new URL("./abuser-process.ts", import.meta.url));
const WARM_UP_MS = 120_000;
const ENDED_MS = 60_000;
const MEMORY_EVERY_MS = 250;
/** How long to wait, after an abuse, until no file waits for its extraction. */
const QUIET_MS = 120_000;
/** An ask of an honest user that has not ended after this time counts as lost. */
const END_MS = 30_000;
/** The memory limit that `npm start` gives its Redis. */
const REDIS_BYTES = 3 * 2 ** 30;

/**
 * Starts the cluster for the abuses: with default settings except `env`, and as if behind a balancer that writes client
 * addresses.
 */
export async function startAbused(env: Readonly<Record<string, string>> = {}): Promise<Cluster> {
  const cluster = await startCluster({ edges: 2, workers: 2, env: { TRUSTED_PROXIES: "127.0.0.1", ...env } });
  const redis = new Redis(cluster.redisUrl);
  await redis.config("SET", "maxmemory", String(REDIS_BYTES));
  redis.disconnect();
  return cluster;
}

/**
 * Runs each abuse beside honest users, who also use the relay for a time before and after it. Each honest user and each
 * abuser has an address of its own.
 */
export async function runAbuses(
  cluster: Cluster,
  wish: AbuseWish,
  signal: AbortSignal,
  onRound: (round: Round) => void,
): Promise<Round[]> {
  let phase = createPhase();
  const redis = new Redis(cluster.redisUrl);
  const honest: Honest[] = await Promise.all(
    Array.from({ length: wish.honest }, (_, index) =>
      openHonest({
        url: cluster.urls[index % cluster.urls.length] ?? "",
        address: `198.51.100.${index + 1}`,
        phase: () => phase,
        sendsPapers: wish.pdfs !== false,
      }),
    ),
  );
  const next = async (ms: number): Promise<Phase> => {
    phase = createPhase();
    const mine = phase;
    await sleep(ms, undefined, { signal });
    return mine;
  };
  try {
    // Waits until as many PDFs were answered as there are honest users (texts, if no PDFs are sent): the first
    // extractions take longer, because they also start processes.
    await eventually(() => phase[wish.pdfs === false ? "text" : "pdf"].count >= wish.honest, {
      timeoutMs: WARM_UP_MS,
      what: "a warm relay",
    });
    const rounds: Round[] = [];
    const abuses = Array.from({ length: wish.rounds ?? 1 }, () => wish.abuses).flat();
    for (const [n, abuse] of abuses.entries()) {
      await eventually(() => isQuiet(redis), { timeoutMs: QUIET_MS, what: "a quiet extraction queue" });
      const before = await next(wish.beforeMs);
      const memoryBefore = await memoryOf(cluster, redis);
      const most = watchMemory(cluster, redis, memoryBefore);
      const abuser = startAbuser(abuse, { address: abuserAddress(n), urls: cluster.urls, ms: wish.duringMs });
      await abuser.begun;
      const during = await next(wish.duringMs);
      const after = await next(wish.afterMs);
      const seen = await abuser.seen;
      await abuser.process.stop();
      const memoryMost = most.stop();
      const lost = await unfinishedOf(honest);
      const round = { abuse, before, during, after, memoryBefore, memoryMost, seen, lost };
      onRound(round);
      rounds.push(round);
    }
    return rounds;
  } finally {
    for (const user of honest) user.close();
    redis.disconnect();
  }
}

/**
 * Whether no extraction waits. The quiet phase before the next abuse begins only then, because slow files of the
 * previous abuse would disturb it.
 */
async function isQuiet(redis: Redis): Promise<boolean> {
  const waiting = [redis.llen("{bull}:extract:wait"), redis.zcard("{bull}:extract:prioritized")];
  return (await Promise.all(waiting)).every((count) => count === 0);
}

/** Counts the asks that are running now and still have no terminal event `END_MS` later. */
async function unfinishedOf(honest: readonly Honest[]): Promise<number> {
  const asked = new Set(honest.flatMap(({ running }) => running));
  const left = (): number => honest.flatMap(({ running }) => running.filter((id) => asked.has(id))).length;
  await eventually(() => left() === 0, { timeoutMs: END_MS }).catch(() => undefined);
  return left();
}

async function memoryOf(cluster: Cluster, redis: Redis): Promise<Memory> {
  const [edges, info] = await Promise.all([
    Promise.all(cluster.edges.map(({ pid }) => usageOf(pid).then(({ rssBytes }) => rssBytes))),
    redis.info("memory"),
  ]);
  return { edges, redis: Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0) };
}

function watchMemory(cluster: Cluster, redis: Redis, from: Memory): { stop(): Memory } {
  let most = from;
  const timer = setInterval(() => {
    memoryOf(cluster, redis).then(
      (now) => {
        const edges = most.edges.map((bytes, index) => Math.max(bytes, now.edges[index] ?? 0));
        most = { edges, redis: Math.max(most.redis, now.redis) };
      },
      () => undefined, // a read that fails is skipped: the next one follows soon
    );
  }, MEMORY_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}

interface AbuserProcess {
  readonly process: TestProcess;
  readonly begun: Promise<unknown>;
  readonly seen: Promise<Record<string, number>>;
}

function startAbuser(
  abuse: string,
  { address, urls, ms }: { address: string; urls: readonly string[]; ms: number },
): AbuserProcess {
  const args = ["--abuse", abuse, "--address", address, "--seconds", String(ms / 1000)];
  const child = spawnNode(PROCESS, { args: [...args, ...urls.flatMap((url) => ["--url", url])] });
  const seen = child.waitFor(/"msg":"ended"/, ms + ENDED_MS).then((line) => {
    return (JSON.parse(line) as { seen: Record<string, number> }).seen;
  });
  seen.catch(() => undefined); // the rejection is handled where it is awaited
  return { process: child, begun: child.waitFor(/"msg":"begun"/), seen };
}

export const ALL_ABUSES = ABUSES.map(({ name }) => name);

import { startRedisCluster, type TestNode } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { nowMs } from "../measure/clock.ts";
import { readRedisUse } from "../measure/redis-use.ts";
import { spreadOf } from "../measure/spread.ts";
import { startCluster } from "../processes/cluster.ts";
import { makePrivateFolder, startPrivate } from "../processes/private-process.ts";
import { layOut } from "../report/report-text.ts";
import { startClosedLoop } from "../runs/closed-loop.ts";

/*
 * The options of a run that measures the throughput of a Redis Cluster with one and with three masters. A master gets a
 * core for only a small share of the time (`share`). So the masters are the slowest part even on a machine with few
 * cores, and their number decides the throughput.
 */

export interface MastersOptions {
  readonly rounds: number;
  /** The share of a core that each master has. */
  readonly share: number;
  readonly connections: number;
  readonly durationMs: number;
}

export const MASTERS_USAGE =
  "\nmasters [--rounds 3] [--share 0.05] [--connections 96] [--duration 8]   three masters of a cluster beside one, each with a share of a core\n";
const COUNTS = [1, 3] as const;
const WARM_MS = 3000;
const MESSAGE = "what does the second chapter say about it? ".repeat(3).slice(0, 100);
const UNLIMITED = { ASKS_PER_SECOND: "10000", MAX_ASKS_IN_FLIGHT: "1000", EDGE_REDIS_TIMEOUT_MS: "10000" };

/** Parses the arguments after `masters` on the command line. @throws Error that names every problem. */
export function readMastersOptions(args: readonly string[]): MastersOptions {
  const string = { type: "string" } as const;
  const options = { rounds: string, share: string, connections: string, duration: string };
  const { values } = parseArgs({ args: [...args], options });
  const problems: string[] = [];
  const number = (name: keyof typeof options, fallback: number, min: number, max: number): number => {
    const value = Number(values[name] ?? fallback);
    if (!(value >= min && value <= max)) problems.push(`--${name} must be a number from ${min} to ${max}`);
    return value;
  };
  const read = {
    rounds: Math.round(number("rounds", 3, 1, 20)),
    share: number("share", 0.05, 0.01, 0.3),
    connections: Math.round(number("connections", 96, 1, 1000)),
    durationMs: number("duration", 8, 1, 600) * 1000,
  };
  if (problems.length > 0) throw new Error(problems.join("; "));
  return read;
}

interface Figures {
  readonly perSecond: number;
  readonly failed: number;
  /** The share of a core that the busiest master used. */
  readonly used: number;
}

/** Measures one and three masters in each round, and returns a table. */
export async function runMasters(
  options: MastersOptions,
  follow: (show: () => string) => void,
  stopped: AbortSignal,
): Promise<string> {
  const rounds: Array<Record<number, Figures>> = [];
  for (let index = 0; index < options.rounds; index++) {
    const round: Record<number, Figures> = {};
    for (const masters of index % 2 === 0 ? COUNTS : COUNTS.toReversed()) {
      stopped.throwIfAborted();
      follow(() => `round ${index + 1}/${options.rounds}, ${masters} masters`);
      round[masters] = await measure(masters, options);
    }
    rounds.push(round);
  }
  const row = (name: string, of: (round: Record<number, Figures>) => number, digits: number): string[] => {
    const spread = spreadOf(rounds.map(of));
    const show = (value = Number.NaN): string => value.toFixed(digits);
    return [name, `${show(spread?.median)} (${show(spread?.min)}–${show(spread?.max)})`];
  };
  const at = (round: Record<number, Figures>, masters: number): Figures =>
    round[masters] ?? { perSecond: Number.NaN, failed: Number.NaN, used: Number.NaN };
  const rows = [
    ["median (least–greatest)", `${options.rounds} rounds, ${options.connections} connections`],
    ...COUNTS.flatMap((masters) => [
      row(`asks/s, ${masters} masters`, (round) => at(round, masters).perSecond, 0),
      row(`failed, ${masters} masters`, (round) => at(round, masters).failed, 0),
      row(`share of a core used by the busiest, ${masters} masters`, (round) => at(round, masters).used, 3),
    ]),
    row("asks/s, 3 ÷ 1", (round) => at(round, 3).perSecond / at(round, 1).perSecond, 2),
  ];
  return `\nmasters: each has ${options.share} of a core\n${layOut(rows)}`;
}

async function measure(masters: number, { share, connections, durationMs }: MastersOptions): Promise<Figures> {
  await using ends = new AsyncDisposableStack();
  // The address is given, because a node that has met no other node does not know its own address.
  const args = ["--appendonly", "yes", "--appendfsync", "always", "--cluster-announce-ip", "127.0.0.1"];
  const redis = ends.use(await startRedisCluster({ masters, replicas: 0, nodeTimeoutMs: 15_000, args }));
  const wish = { edges: 1, workers: 1, extract: false, reply: "single", env: UNLIMITED, seeds: redis.seeds } as const;
  const cluster = ends.use(await startCluster(wish));
  const users = { urls: cluster.urls, protocol: "plain", users: connections, message: MESSAGE } as const;
  // The users connect before `slices.ts` makes the masters slow.
  using loop = await startClosedLoop(users);
  const folder = ends.use(makePrivateFolder());
  const pids = await Promise.all(redis.nodes.map(pidOf));
  const slices = ["--pids", pids.join(","), "--share", String(share)];
  ends.use(await startPrivate({ entry: "tools/bench/src/masters/slices.ts", args: slices, folder }));
  await sleep(WARM_MS);
  const cpu = async (): Promise<number[]> =>
    Promise.all(redis.nodes.map(async ({ admin }) => readRedisUse(await admin.info("cpu")).cpuMs));
  const [before, begun, answered, failed] = [await cpu(), nowMs(), loop.answered, loop.failed];
  await sleep(durationMs);
  const ms = nowMs() - begun;
  const [count, refused] = [loop.answered - answered, loop.failed - failed];
  const used = (await cpu()).map((end, node) => (end - (before[node] ?? 0)) / ms);
  return { perSecond: (count * 1000) / ms, failed: refused, used: Math.max(...used) };
}

async function pidOf({ admin }: TestNode): Promise<number> {
  return Number(/^process_id:(\d+)/m.exec(await admin.info("server"))?.[1]);
}

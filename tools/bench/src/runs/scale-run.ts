import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { startRedis } from "@docrelay/testkit";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { gatherCrowd } from "./asks-run.ts";
import { startCluster } from "../processes/cluster.ts";
import { inParallel } from "./in-parallel.ts";
import { readOptions } from "../options.ts";
import { makePrivateFolder, startPrivate, type PrivateProcess } from "../processes/private-process.ts";
import { usageOf } from "../measure/process-usage.ts";
import { openRelaySocket } from "../talkers/relay-socket.ts";
import { runSchedule } from "../measure/schedule.ts";

/*
 * These functions measure the cost of a reply with a growing number of edges. A reply goes to one reader, so the CPU
 * time of all edges together should not depend on their number.
 */

export type Adapter = "sharded" | "classic";

const READERS = 64;
const EVENTS = 12;
const SETTLE_MS = 300;
const ARRIVE_MS = 10_000;
/** How long the warm-up lasts, in ms: long enough for connections, subscriptions and compilation. */
const WARM_MS = 1000;
const EVENT = {
  conversation: randomUUID(),
  type: "delta",
  text: " and so the relay carries another piece of an answer",
};

/**
 * Measures how many ms of CPU all nodes together need for a reply of 12 events. The nodes are bare Socket.IO servers
 * that differ only in their adapter.
 * @throws Error when an event did not arrive.
 */
export async function cpuPerReply(of: {
  adapter: Adapter;
  nodes: number;
  rate: number;
  durationMs: number;
}): Promise<number> {
  await using ends = new AsyncDisposableStack();
  const folder = ends.use(makePrivateFolder());
  const redis = ends.use(await startRedis({ container: false }));
  const nodes = await Promise.all(
    Array.from({ length: of.nodes }, async () => {
      const args = ["--redis", redis.url, "--adapter", of.adapter];
      return ends.use(await startPrivate({ entry: "tools/bench/src/processes/fan-out-node.ts", args, folder }));
    }),
  );

  let heard = 0;
  const rooms = Array.from({ length: READERS }, () => `c:{s00}:${randomUUID()}`);
  await inParallel(READERS, 16, async (index) => {
    const socket = await openRelaySocket({
      url: `http://127.0.0.1:${nodes[index % nodes.length]?.port}`,
      token: "",
      timeoutMs: ARRIVE_MS,
      onEvent: () => void heard++,
      onEnd: () => undefined,
    });
    ends.defer(() => socket.close());
    await socket.call("join", { room: rooms[index] }, ARRIVE_MS);
  });
  // This process publishes as a worker does; the CPU time of this process is not counted.
  const [publisher, subscriber] = [new Redis(redis.url), new Redis(redis.url)];
  ends.defer(() => publisher.disconnect());
  ends.defer(() => subscriber.disconnect());
  const make = of.adapter === "classic" ? createAdapter : createShardedAdapter;
  const io = new Server({ adapter: make(publisher, subscriber) });
  await sleep(SETTLE_MS);

  const publish = async (durationMs: number): Promise<number> => {
    heard = 0;
    const replies = await runSchedule({ rate: of.rate, durationMs, most: Infinity }, (index) => {
      const room = rooms[index % READERS] ?? "";
      for (let event = 0; event < EVENTS; event++) io.to(room).emit("event", EVENT);
    });
    const end = performance.now() + ARRIVE_MS;
    while (heard < replies * EVENTS && performance.now() < end) await sleep(20);
    if (heard !== replies * EVENTS) throw new Error(`${heard} of ${replies * EVENTS} events arrived`);
    return replies;
  };
  await publish(WARM_MS);
  const before = await cpuOf(nodes);
  const replies = await publish(of.durationMs);
  return ((await cpuOf(nodes)) - before) / replies;
}

/** Measures how many ms of CPU docrelay's edges together need for an ask and its reply, with asks at the given rate. */
export async function cpuPerAsk(of: { edges: number; rate: number; durationMs: number }): Promise<number> {
  await using cluster = await startCluster({ edges: of.edges });
  const parsed = readOptions(["asks", "--rate", String(of.rate), ...cluster.urls.flatMap((url) => ["--url", url])]);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  using crowd = await gatherCrowd(parsed.options);
  const phase = { rate: of.rate, most: Infinity, warmupMs: 0 };
  await crowd.ask({ ...phase, durationMs: WARM_MS });
  const before = await cpuOf(cluster.edges);
  const asked = await crowd.ask({ ...phase, durationMs: of.durationMs });
  return ((await cpuOf(cluster.edges)) - before) / asked.tally.result().answered;
}

async function cpuOf(processes: readonly PrivateProcess[]): Promise<number> {
  const usages = await Promise.all(processes.map(({ pid }) => usageOf(pid)));
  return usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

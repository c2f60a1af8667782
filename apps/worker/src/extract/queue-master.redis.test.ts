import { consumeExtracts, createProducer, type ExtractJob } from "@docrelay/jobs";
import { connectRedis, readRedisServer, type RedisServer } from "@docrelay/platform";
import { eventually, startRedisCluster } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";

/**
 * For how many ms the test keeps a master of Redis away: several times as long as BullMQ waits before it connects
 * again.
 */
const AWAY_MS = 8000;
const PREFIX = "{queue}";

const jobOf = (letter: string): Omit<ExtractJob, "v"> => ({
  key: letter.repeat(32),
  ref: `ref-${letter}`,
  sha256: "a".repeat(64),
  bytes: 10,
  shard: "s7f",
  u: "u".repeat(22),
  trace: "t",
});

function serverOf(seeds: string): RedisServer {
  const read = readRedisServer({ REDIS_CLUSTER: "true", REDIS_SENTINELS: [], REDIS_URL: seeds } as never);
  if (!read.ok) throw new Error(read.problems.join());
  return read.config;
}

it("the queue is read again after its master was away for long, and no replica took over", async () => {
  await using cluster = await startRedisCluster({ replicas: 0, nodeTimeoutMs: 1000, args: ["--appendonly", "yes"] });
  const server = serverOf(cluster.seeds);
  const connect = (purpose: "blocking" | "command") =>
    connectRedis({ server, purpose, name: "test", onError: () => undefined });
  const [connection, adds] = [connect("blocking"), connect("command")];
  const keys: string[] = [];
  const consumer = consumeExtracts({
    connection,
    prefix: PREFIX,
    concurrency: 2,
    handle: async ({ key }) => {
      keys.push(key);
      return "done";
    },
    onError: () => undefined,
  });
  await consumer.ready();
  const producer = createProducer({ connection: adds, prefix: PREFIX });
  await producer.extract(jobOf("a"));
  await eventually(() => keys.length === 1);

  const master = await cluster.masterOf(PREFIX);
  await master.kill();
  await sleep(AWAY_MS);
  await master.restart();
  await eventually(async () => /cluster_state:ok/.test(String(await master.admin.cluster("INFO"))));
  await producer.extract(jobOf("b"));
  await eventually(() => keys.length === 2, { timeoutMs: 10_000, what: "the job after the master is back" });
  expect(keys).toEqual([jobOf("a").key, jobOf("b").key]);

  // While a connection is still reconnecting to the master, closing the consumer may fail, so the test tries again.
  const closed = (): Promise<boolean> =>
    Promise.resolve(consumer[Symbol.asyncDispose]()).then(
      () => true,
      () => false,
    );
  await eventually(closed, { timeoutMs: 10_000, what: "the end of the consumer" });
  await producer[Symbol.asyncDispose]();
  connection.disconnect();
  adds.disconnect();
});

#!/usr/bin/env bash
# deduplication.keepLastIfActive drops an add that comes while the job waits for its next attempt.
source "$(dirname "$0")/lib/common.sh"
npm_packages bullmq@6.7.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { Queue, Worker } from "bullmq";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "the last add while a job is under way runs after it, between two of its attempts as during one",
  happens: "during an attempt it is kept and runs; between two attempts the same add is dropped without a word",
});
const connection = { path: process.env.REDIS, maxRetriesPerRequest: null };
const later = { attempts: 2, backoff: 1500, deduplication: { id: "report", keepLastIfActive: true } };
async function trial(name, moment) {
  const queue = new Queue(name, { connection });
  const runs = [];
  new Worker(name, async ({ data }) => {
    runs.push(data);
    await wait(500);
    if (data === "first") throw new Error("no luck");
  }, { connection });
  const job = await queue.add("job", "first", later);
  while ((await job.getState()) !== moment) await wait(20);
  await queue.add("job", "last", later);
  while ((await job.getState()) !== "failed") await wait(50);
  await wait(1500);
  return runs;
}
usual("added while active", await trial("a", "active"), ["first", "first", "last"]);
surprise("added while delayed for a retry", {
  actual: await trial("b", "delayed"),
  recorded: ["first", "first"],
  expected: ["first", "first", "last"],
});
done();
JS

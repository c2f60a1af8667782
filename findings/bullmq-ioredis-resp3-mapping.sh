#!/usr/bin/env bash
# BullMQ takes an ioredis 6 connection with replyMapping "resp3" and then reads some replies wrongly.
source "$(dirname "$0")/lib/common.sh"
npm_packages bullmq@6.7.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { Queue, QueueEvents, Worker } from "bullmq";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "replyMapping is refused or makes no difference: jobs run, events come, schedulers are listed",
  happens: "jobs run, but waitUntilFinished never hears of it and a scheduler that was just stored is not listed",
});
async function trial(replyMapping) {
  const connection = { path: process.env.REDIS, maxRetriesPerRequest: null, replyMapping };
  const name = `queue-${replyMapping}`;
  const errors = new Set();
  const watch = (part) => part.on("error", (error) => errors.add(error.message));
  const queue = watch(new Queue(name, { connection }));
  const events = watch(new QueueEvents(name, { connection }));
  await events.waitUntilReady();
  watch(new Worker(name, async () => "result", { connection }));
  const job = await queue.add("job", {});
  const heard = await Promise.race([job.waitUntilFinished(events), wait(2500).then(() => "nothing in 2.5 s")]);
  await queue.upsertJobScheduler("hourly", { every: 3_600_000 });
  const schedulers = (await queue.getJobSchedulers()).length;
  return { state: await job.getState(), heard, schedulers, errors: [...errors] };
}
const right = { state: "completed", heard: "result", schedulers: 1, errors: [] };
usual("replyMapping resp2", await trial("resp2"), right);
surprise("replyMapping resp3", {
  actual: await trial("resp3"),
  recorded: {
    state: "completed",
    heard: "nothing in 2.5 s",
    schedulers: 0,
    errors: ["Cannot read properties of undefined (reading '1')"],
  },
  expected: right,
});
done();
JS

#!/usr/bin/env bash
# Queue.add with the id of a kept, failed job resolves with a Job that holds the new data, which are stored nowhere.
source "$(dirname "$0")/lib/common.sh"
npm_packages bullmq@6.7.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { Queue, Worker } from "bullmq";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "the Job that add resolves with is what is stored: the old one, or the add is refused or runs anew",
  happens: "its data are the new ones, its state is the old job's, and Redis has the old data; nothing runs",
});
const connection = { path: process.env.REDIS, maxRetriesPerRequest: null };
const queue = new Queue("work", { connection });
let runs = 0;
new Worker("work", async () => {
  runs += 1;
  throw new Error("no luck");
}, { connection });
const first = await queue.add("job", { version: "old" }, { jobId: "report" });
while ((await first.getState()) !== "failed") await wait(50);
const second = await queue.add("job", { version: "new" }, { jobId: "report" });
await wait(1000);
usual("state of what add returned", await second.getState(), "failed");
usual("stored data", (await queue.getJob("report")).data, { version: "old" });
surprise("data of what add returned", {
  actual: second.data,
  recorded: { version: "new" },
  expected: { version: "old" },
});
surprise("times the job ran", { actual: runs, recorded: 1, expected: 2 });
done();
JS

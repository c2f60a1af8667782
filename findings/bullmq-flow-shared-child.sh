#!/usr/bin/env bash
# If several flows name the same waiting child by its jobId, only the first parent ever runs.
source "$(dirname "$0")/lib/common.sh"
npm_packages bullmq@6.7.0 ioredis@6.0.0
start_redis
run_node <<'JS'
import { FlowProducer, Queue, Worker } from "bullmq";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "five flows with one shared child: the child runs once and frees five parents, or four flows are refused",
  happens: "all five are accepted, the child completes, one parent runs, four stay in waiting-children with no child left to wait for",
});
const connection = { path: process.env.REDIS, maxRetriesPerRequest: null };
const flows = new FlowProducer({ connection });
for (let number = 0; number < 5; number += 1) {
  await flows.add({
    name: "parent",
    queueName: "parents",
    children: [{ name: "child", queueName: "children", opts: { jobId: "shared" } }],
  });
}
let ran = 0;
new Worker("children", async () => void (ran += 1), { connection });
new Worker("parents", async () => {}, { connection });
const parents = new Queue("parents", { connection });
const counts = async () => {
  const { completed, "waiting-children": waiting } = await parents.getJobCounts("completed", "waiting-children");
  return { completed, waiting };
};
while ((await counts()).completed === 0) await wait(50);
await wait(2000);
usual("times the child ran", ran, 1);
surprise("parents", {
  actual: await counts(),
  recorded: { completed: 1, waiting: 4 },
  expected: { completed: 5, waiting: 0 },
});
let unprocessed = 0;
for (const stuck of await parents.getJobs(["waiting-children"])) unprocessed += (await stuck.getDependenciesCount()).unprocessed;
surprise("children that the waiting parents wait for, by their own counts", { actual: unprocessed, recorded: 0, expected: 4 });
done();
JS

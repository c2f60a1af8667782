import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkProcesses } from "./check-processes.ts";
import { checkRedisCluster } from "./check-redis-cluster.ts";
import { checkReplicas } from "./check-replicas.ts";
import { checkS3 } from "./check-s3.ts";
import { checkSentinel } from "./check-sentinel.ts";
import { say } from "./conclude.ts";
import { engineAnswers } from "./docker.ts";

const ROOT = join(import.meta.dirname, "../../..");
const { earlier, processes, profile } = parseArgs({
  options: {
    earlier: { type: "string" },
    processes: { type: "boolean", default: false },
    profile: { type: "string" },
  },
}).values;
process.exit(await check());

async function check(): Promise<number> {
  if (processes) return checkProcesses(ROOT, earlier);
  if (!(await engineAnswers())) {
    say("cluster:check skipped: no Docker engine with Compose answers here.");
    return 0;
  }
  if (profile === undefined) return checkReplicas(ROOT, earlier);
  if (profile === "cluster") return checkRedisCluster(ROOT);
  if (profile === "s3") return checkS3(ROOT);
  if (profile === "sentinel") return checkSentinel(ROOT);
  say(`--profile ${profile}: there is a check of the profiles cluster, s3 and sentinel`);
  return 64;
}

import { eventually } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { conclude, say, seconds } from "./conclude.ts";
import { inDeployment, type Deployment } from "./deployment.ts";
import { docker } from "./docker.ts";
import { startLoad, type Load } from "./load.ts";
import { createTally, type Phase, type Tally } from "./tally.ts";

const SETTINGS = {
  COMPOSE_PROFILES: "cluster",
  REDIS_CLUSTER: "true",
  REDIS_URL: "redis://redis-c1:6379,redis://redis-c2:6379",
  QUEUE_SHARDS: "3",
};
const REPLICAS = { redis: 0, edge: 2, ask: 2, extract: 1 };
const NODES = [1, 2, 3, 4, 5, 6].map((n) => `redis-c${n}`);
const USERS = 12;
const PDF_EVERY = 3;
/** How long a killed master stays away: long enough that each user asks several times about a file. */
const AWAY_S = 40;
/**
 * An ask may be silent for this many ms in addition to twice the longest silence without a fault; after a kill, also in
 * addition to the time of the failover.
 */
const MAX_SILENCE_MS = 2000;

interface Node {
  readonly service: string;
  readonly container: string;
  readonly id: string;
}

/** Starts the profile `cluster`, and kills two masters of Redis, one after the other, under load with many PDFs. */
export function checkRedisCluster(root: string): Promise<number> {
  return inDeployment(root, SETTINGS, async (deployment) => {
    say(`from nothing to ready in ${await seconds(() => deployment.start(REPLICAS))}`);
    const nodes = await Promise.all(NODES.map((service) => nodeOf(deployment, service)));
    const tally = createTally();
    const load = await startLoad(deployment.url, USERS, tally, PDF_EVERY);
    tally.enter("no fault");
    await sleep(15_000);
    const usualMs = longest(tally.phases.at(-1)?.silences);
    const problems: string[] = [];
    const [first, second] = await masters(nodes);
    for (const victim of [first, second]) {
      if (!victim) throw new Error("the cluster has no two masters");
      problems.push(...(await killOne({ victim, nodes, load, tally, usualMs })));
    }
    tally.enter("last answers");
    await load.stop();
    const code = conclude(tally, { users: USERS, edges: load.nodes().size });
    for (const problem of problems) say(`not as wanted: ${problem}`);
    return problems.length === 0 ? code : 1;
  });
}

interface Kill {
  readonly victim: Node;
  readonly nodes: readonly Node[];
  readonly load: Load;
  readonly tally: Tally;
  readonly usualMs: number;
}

/** Kills a master, and starts it again after `AWAY_S` seconds. Returns one sentence for each problem that was found. */
async function killOne({ victim, nodes, load, tally, usualMs }: Kill): Promise<string[]> {
  tally.enter(`kill ${victim.service}`);
  const witness = nodes.find(({ id }) => id !== victim.id) as Node;
  const killed = performance.now();
  const replaced = untilReplaced(victim, witness);
  await docker(["kill", "--signal", "KILL", victim.container]);
  await replaced;
  const failoverMs = performance.now() - killed;
  await sleep(AWAY_S * 1000);
  const { silences, fileSilences } = tally.phases.at(-1) as Phase;
  const [silentMs, fileMs] = [Math.max(longest(silences), load.silentMs()), longest(fileSilences)];
  say(
    `${victim.service} killed: replaced after ${inSeconds(failoverMs)}; ${silences.length} asks, silent for ${inSeconds(silentMs)} ` +
      `at most, those of ${fileSilences.length} files for ${inSeconds(fileMs)}, without a fault for ${inSeconds(usualMs)}`,
  );
  tally.enter(`${victim.service} comes back`);
  await docker(["start", victim.container]);
  await eventually(() => follows(victim), { timeoutMs: 60_000, what: "a replica in place of the killed master" });
  await sleep(10_000);
  const backMs = Math.max(longest((tally.phases.at(-1) as Phase).silences), load.silentMs());
  say(`${victim.service} is back as a replica: silent for ${inSeconds(backMs)} at most`);
  const bounds = [
    [silentMs, failoverMs + MAX_SILENCE_MS + 2 * usualMs, "after the kill"],
    [backMs, MAX_SILENCE_MS + 2 * usualMs, "while it came back"],
  ] as const;
  return bounds.flatMap(([ms, bound, when]) =>
    ms > bound ? [`${victim.service}: silent for ${inSeconds(ms)} ${when}, wanted ${inSeconds(bound)} at most`] : [],
  );
}

const longest = (silences: readonly number[] = []): number => Math.max(0, ...silences);
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const ask = (container: string, ...words: string[]): Promise<string> =>
  docker(["exec", container, "redis-cli", ...words]);

async function nodeOf({ containers }: Deployment, service: string): Promise<Node> {
  const [container = ""] = await containers(service);
  return { service, container, id: await ask(container, "cluster", "myid") };
}

async function masters(nodes: readonly Node[]): Promise<Node[]> {
  const roles = await Promise.all(nodes.map(({ container }) => ask(container, "role")));
  return nodes.filter((_, n) => roles[n]?.startsWith("master"));
}

const follows = async ({ container }: Node): Promise<boolean> =>
  /master_link_status:up/.test(await ask(container, "info", "replication"));

/** Resolves when the killed master has no slots any more, as the node `witness` reports: a replica has taken over. */
async function untilReplaced({ id }: Node, witness: Node): Promise<void> {
  // A single docker command repeats the question until the answer changes: a docker command for each question would use
  // a tenth of a second of a core. The line of a node with slots ends with them.
  const hasSlots = `redis-cli cluster nodes | grep '^${id}' | grep -q '[0-9]-[0-9]*$'`;
  await docker(["exec", witness.container, "sh", "-c", `while ${hasSlots}; do sleep 0.1; done`]);
}

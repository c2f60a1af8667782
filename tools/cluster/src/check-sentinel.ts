import { eventually } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { conclude, say, seconds } from "./conclude.ts";
import { inDeployment, type Deployment } from "./deployment.ts";
import { docker } from "./docker.ts";
import { startLoad, type Load } from "./load.ts";
import { createTally, type Phase, type Tally } from "./tally.ts";

const SETTINGS = {
  COMPOSE_PROFILES: "sentinel",
  REDIS_URL: "",
  REDIS_SENTINELS: "sentinel:26379",
  REDIS_SENTINEL_NAME: "docrelay",
  REDIS_MIN_REPLICAS: "1",
  DURABILITY: "replicated",
};
const REPLICAS = { sentinel: 3, edge: 2, ask: 2, extract: 1 };
const SERVERS = ["redis", "redis-2", "redis-3"];
const USERS = 12;
const PDF_EVERY = 3;
/** How long the killed master stays away: long enough that each user asks several times about a file. */
const AWAY_S = 40;
/**
 * An ask may be silent for this many ms in addition to twice the longest silence without a fault; after a kill, also in
 * addition to the time of the failover.
 */
const MAX_SILENCE_MS = 2000;
const MAX_FAILOVER_MS = 120_000;

/** Starts the profile `sentinel`, and kills two masters of Redis, one after the other, under load with many PDFs. */
export function checkSentinel(root: string): Promise<number> {
  return inDeployment(root, SETTINGS, async (deployment) => {
    say(`from nothing to ready in ${await seconds(() => deployment.start(REPLICAS))}`);
    const servers = await serversOf(deployment);
    const [witness = ""] = await deployment.containers("sentinel");
    await eventually(async () => (await sentinel(witness, "ckquorum", "docrelay")).startsWith("OK 3"), {
      timeoutMs: 60_000,
      what: "three sentinels that know each other",
    });
    const tally = createTally();
    const load = await startLoad(deployment.url, USERS, tally, PDF_EVERY);
    tally.enter("no fault");
    await sleep(15_000);
    const usualMs = longest(tally.phases.at(-1)?.silences);
    const problems: string[] = [];
    for (let kills = 0; kills < 2; kills++)
      problems.push(...(await killMaster({ servers, witness, load, tally, usualMs })));
    tally.enter("last answers");
    await load.stop();
    const code = conclude(tally, { users: USERS, edges: load.nodes().size });
    for (const problem of problems) say(`not as wanted: ${problem}`);
    return problems.length === 0 ? code : 1;
  });
}

interface Kill {
  /** The containers of the Redis servers, by service. */
  readonly servers: ReadonlyMap<string, string>;
  /** The container of a sentinel. */
  readonly witness: string;
  readonly load: Load;
  readonly tally: Tally;
  readonly usualMs: number;
}

/** Kills the master, and starts it again after a while. Returns one sentence for each problem that was found. */
async function killMaster({ servers, witness, load, tally, usualMs }: Kill): Promise<string[]> {
  const master = await masterOf(witness);
  const container = servers.get(master);
  if (container === undefined) throw new Error(`the sentinels name ${master} as the master`);
  tally.enter(`kill ${master}`);
  const killed = performance.now();
  const replaced = untilReplaced(servers, master);
  await docker(["kill", "--signal", "KILL", container]);
  await replaced;
  const failoverMs = performance.now() - killed;
  await sleep(AWAY_S * 1000);
  const { silences, fileSilences } = tally.phases.at(-1) as Phase;
  const [silentMs, fileMs] = [Math.max(longest(silences), load.silentMs()), longest(fileSilences)];
  say(
    `${master} killed: replaced after ${inSeconds(failoverMs)}; ${silences.length} asks, silent for ${inSeconds(silentMs)} ` +
      `at most, those of ${fileSilences.length} files for ${inSeconds(fileMs)}, without a fault for ${inSeconds(usualMs)}`,
  );
  tally.enter(`${master} comes back`);
  await docker(["start", container]);
  await eventually(() => follows(container), { timeoutMs: 60_000, what: "a replica in place of the killed master" });
  await sleep(10_000);
  const backMs = Math.max(longest((tally.phases.at(-1) as Phase).silences), load.silentMs());
  say(`${master} is back as a replica: silent for ${inSeconds(backMs)} at most`);
  const bounds = [
    [silentMs, failoverMs + MAX_SILENCE_MS + 2 * usualMs, "after the kill"],
    [backMs, MAX_SILENCE_MS + 2 * usualMs, "while it came back"],
  ] as const;
  return bounds.flatMap(([ms, bound, when]) =>
    ms > bound ? [`${master}: silent for ${inSeconds(ms)} ${when}, wanted ${inSeconds(bound)} at most`] : [],
  );
}

const longest = (silences: readonly number[] = []): number => Math.max(0, ...silences);
const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const sentinel = (container: string, ...words: string[]): Promise<string> =>
  docker(["exec", container, "redis-cli", "-p", "26379", "sentinel", ...words]);

const masterOf = async (witness: string): Promise<string> =>
  (await sentinel(witness, "get-master-addr-by-name", "docrelay")).split("\n")[0] ?? "";

async function serversOf({ containers }: Deployment): Promise<Map<string, string>> {
  const found = await Promise.all(SERVERS.map(async (service) => [service, (await containers(service))[0] ?? ""]));
  return new Map(found as Array<[string, string]>);
}

const follows = async (container: string): Promise<boolean> =>
  /master_link_status:up/.test(await docker(["exec", container, "redis-cli", "info", "replication"]));

/** Resolves when another server is a master. @throws Error after two minutes */
async function untilReplaced(servers: ReadonlyMap<string, string>, master: string): Promise<void> {
  // In each of the other containers, a single docker command repeats the question until the answer changes: a docker
  // command for each question would use a tenth of a second of a core. The word at the end tells a promotion from a
  // command that ended early.
  const others = [...servers].filter(([service]) => service !== master);
  const asks = "while redis-cli role | head -n 1 | grep -q slave; do sleep 0.1; done; echo promoted";
  const said = await Promise.race(
    others.map(([, container]) => docker(["exec", container, "sh", "-c", asks], MAX_FAILOVER_MS)),
  );
  if (said !== "promoted") throw new Error(`no replica took over from ${master} within ${MAX_FAILOVER_MS} ms`);
}

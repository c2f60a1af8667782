import { untilSignal } from "@docrelay/platform";
import { eventually, freePort } from "@docrelay/testkit";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { checkProcesses } from "./check-processes.ts";
import { conclude, FORWARD, ROLL_BACK, ROLL_FORWARD, say, seconds, USERS } from "./conclude.ts";
import { buildCommit, docker, engineAnswers, openProject, type Project } from "./docker.ts";
import { startLoad } from "./load.ts";
import { createTally } from "./tally.ts";

const ROOT = join(import.meta.dirname, "../../..");
const IMAGE = "docrelay:cluster-check";
const EARLIER = `${IMAGE}-earlier`;
const { earlier, processes } = parseArgs({
  options: { earlier: { type: "string" }, processes: { type: "boolean", default: false } },
}).values;
if (processes) process.exit(await checkProcesses(ROOT, earlier));
if (!(await engineAnswers())) {
  say("cluster:check skipped: no Docker engine with Compose answers here.");
  process.exit(0);
}
const port = await freePort();
const name = `docrelay-check-${process.pid}`;
const projectOf = (image: string): Project =>
  openProject(ROOT, {
    COMPOSE_PROJECT_NAME: name,
    COMPOSE_DISABLE_ENV_FILE: "1",
    IMAGE: image,
    PORT: String(port),
    BIND: "127.0.0.1",
  });
const project = projectOf(IMAGE);
const down = (): Promise<string> => project.compose(["down", "--volumes", "--timeout", "2"]);
void untilSignal().then(() => void down().finally(() => process.exit(130)));

let code = 1;
try {
  code = await check(project, `http://127.0.0.1:${port}`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  say(await project.compose(["logs", "--tail", "20"]).catch(() => ""));
} finally {
  await down();
}
process.exit(code);

async function rollAll(to: Project, services: readonly string[]): Promise<void> {
  for (const service of services) await to.roll(service);
}

async function check({ compose, containers, roll, scale }: Project, url: string): Promise<number> {
  const ready = (): Promise<unknown> =>
    eventually(async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) })).ok, {
      timeoutMs: 60_000,
      everyMs: 50,
      what: "an edge behind the balancer",
    });

  say(`image built in ${await seconds(() => compose(["build"], 600_000))}`);
  if (earlier !== undefined) say(`${earlier} built in ${await seconds(() => buildCommit(ROOT, earlier, EARLIER))}`);
  const bytes = Number(await docker(["image", "inspect", "--format", "{{.Size}}", IMAGE]));
  say(`image size ${Math.round(bytes / 1e6)} MB`);
  say(`from nothing to ready in ${await seconds(() => scale({ ask: 2 }).then(ready))}`);
  const page = await fetch(url);
  if (!(await page.text()).includes("<html")) throw new Error("the balancer serves no page");

  const tally = createTally();
  const first = await startLoad(url, USERS / 2, tally);
  const phase = async (of: string, work: () => Promise<unknown>, forSeconds: number): Promise<void> => {
    tally.enter(of);
    const took = await seconds(work);
    await sleep(forSeconds * 1000);
    say(`${of}: ${took}`);
  };
  await phase("edge 1", async () => undefined, 8);
  await phase("edge 1 → 4", () => scale({ edge: 4, ask: 2 }), 5);
  const second = await startLoad(url, USERS / 2, tally);
  await phase("extract 1 → 3", () => scale({ edge: 4, ask: 2, extract: 3 }), 8);
  await phase("edge 4 → 2", () => scale({ edge: 2, ask: 2, extract: 3 }), 5);
  await phase("roll every edge", () => roll("edge"), 2);
  const kill = async (service: string): Promise<void> => {
    const [victim = ""] = await containers(service);
    await docker(["kill", "--signal", "KILL", victim]);
  };
  await phase("kill an edge", () => kill("edge"), 8);
  await phase("kill an ask worker", () => kill("ask"), 10);
  await phase("all back", () => scale({ edge: 2, ask: 2, extract: 3 }), 3);
  if (earlier !== undefined) {
    const before = projectOf(EARLIER);
    await phase(ROLL_BACK, () => rollAll(before, FORWARD.toReversed()), 5);
    await phase(ROLL_FORWARD, () => rollAll(project, FORWARD), 5);
  }
  tally.enter("last answers");
  await Promise.all([first.stop(), second.stop()]);
  return conclude(tally, new Set([...first.nodes(), ...second.nodes()]).size);
}

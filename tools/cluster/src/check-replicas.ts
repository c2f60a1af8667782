import { setTimeout as sleep } from "node:timers/promises";
import { conclude, FORWARD, ROLL_BACK, ROLL_FORWARD, say, seconds, USERS } from "./conclude.ts";
import { IMAGE, inDeployment } from "./deployment.ts";
import { buildCommit, docker, type Project } from "./docker.ts";
import { startLoad } from "./load.ts";
import { createTally } from "./tally.ts";

const EARLIER = `${IMAGE}-earlier`;

/**
 * Starts the compose file without a profile, and scales, replaces and kills its services under load. If a commit
 * `earlier` is given, also replaces them by a build of that commit and back.
 */
export function checkReplicas(root: string, earlier: string | undefined): Promise<number> {
  return inDeployment(root, {}, async ({ url, start, scale, kill, roll, withImage }) => {
    if (earlier !== undefined) say(`${earlier} built in ${await seconds(() => buildCommit(root, earlier, EARLIER))}`);
    const bytes = Number(await docker(["image", "inspect", "--format", "{{.Size}}", IMAGE]));
    say(`image size ${Math.round(bytes / 1e6)} MB`);
    say(`from nothing to ready in ${await seconds(() => start({ ask: 2 }))}`);
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
    await phase("kill an edge", () => kill("edge"), 8);
    await phase("kill an ask worker", () => kill("ask"), 10);
    await phase("all back", () => scale({ edge: 2, ask: 2, extract: 3 }), 3);
    if (earlier !== undefined) {
      await phase(ROLL_BACK, () => rollAll(withImage(EARLIER), FORWARD.toReversed()), 5);
      await phase(ROLL_FORWARD, () => rollAll({ roll }, FORWARD), 5);
    }
    tally.enter("last answers");
    await Promise.all([first.stop(), second.stop()]);
    return conclude(tally, { users: USERS, edges: new Set([...first.nodes(), ...second.nodes()]).size });
  });
}

async function rollAll(to: Pick<Project, "roll">, services: readonly string[]): Promise<void> {
  for (const service of services) await to.roll(service);
}

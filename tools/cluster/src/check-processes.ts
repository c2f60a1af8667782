import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { sourcesOf, type Sources } from "./commit.ts";
import { conclude, FORWARD, ROLL_BACK, ROLL_FORWARD, say, seconds, USERS } from "./conclude.ts";
import { startFleet, type Kind } from "./fleet.ts";
import { startLoad } from "./load.ts";
import { createTally } from "./tally.ts";

const run = promisify(execFile);
const INSTALL_MS = 600_000;

/**
 * Runs the part of `npm run cluster:check` that needs no containers: under load, the processes of this build are
 * replaced by those of an earlier build, and then by processes of this build again.
 */
export async function checkProcesses(root: string, earlier: string | undefined): Promise<number> {
  if (earlier === undefined) {
    say("--processes rolls back to an earlier commit and forward again: --processes --earlier <commit>");
    return 64;
  }
  await using ends = new AsyncDisposableStack();
  let before: Sources | undefined;
  say(`${earlier} installed in ${await seconds(async () => (before = ends.use(await install(root, earlier))))}`);
  const old = before?.folder ?? "";
  const fleet = ends.use(await startFleet(root));
  const tally = createTally();
  const load = await startLoad(fleet.url, USERS, tally);
  const phase = async (of: string, work: () => Promise<unknown>, forSeconds: number): Promise<void> => {
    tally.enter(of);
    const took = await seconds(work);
    await sleep(forSeconds * 1000);
    if (of.startsWith("roll")) say(`${of}: ${took}`);
  };
  await phase("this build", async () => undefined, 8);
  await phase(ROLL_BACK, () => rollAll(FORWARD.toReversed(), old), 2);
  await phase("the earlier build", async () => undefined, 8);
  await phase(ROLL_FORWARD, () => rollAll(FORWARD, root), 2);
  await phase("this build again", async () => undefined, 8);
  tally.enter("last answers");
  await load.stop();
  return conclude(tally, { users: USERS, edges: load.nodes().size });

  async function rollAll(kinds: readonly Kind[], to: string): Promise<void> {
    for (const kind of kinds) await fleet.roll(kind, to);
  }
}

/** Unpacks a commit and installs its dependencies by its own lockfile. */
async function install(root: string, commit: string): Promise<Sources> {
  const sources = await sourcesOf(root, commit);
  try {
    const cwd = sources.folder;
    const words = ["install", "--frozen-lockfile", "--ignore-scripts", "--prefer-offline"];
    // With CI set, pnpm asks nothing. env(1) sets CI, so that all other variables are inherited.
    await run("env", ["CI=true", "pnpm", ...words], { cwd, timeout: INSTALL_MS });
    return sources;
  } catch (error) {
    await sources[Symbol.asyncDispose]();
    throw error;
  }
}

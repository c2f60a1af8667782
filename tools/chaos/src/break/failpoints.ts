import type { Cluster, Member } from "../cluster/cluster.ts";
import { revive } from "../cluster/cluster.ts";
import type { History } from "../history.ts";
import { EDGE_STEPS, WORKER_STEPS } from "../preload/steps.ts";

/**
 * Each failpoint kills two processes: one that reaches the point for the first time, and one that reaches it for the
 * second time.
 */
const CROSSINGS = [1, 2] as const;
/** A process that has not reached its failpoint after this many ms is stopped, and the next one tries. */
const CROSS_MS = 30_000;
const LOOK_EVERY_MS = 20;
/**
 * How many processes at most try to reach a failpoint. If all of them fail, the failpoint counts as missed. `handBack`
 * often needs more than one process, because a worker that is stopped between two asks hands nothing back.
 */
const TRIES = 6;

type Step = (typeof EDGE_STEPS | typeof WORKER_STEPS)[number];

/** Returns environment variables with which a process soon takes this step. */
function envFor(step: Step): Record<string, string> {
  return {
    ...(step === "handBack" ? { WORKER_GRACE_MS: "0" } : {}),
    // Without this setting the process would rarely sweep, because another process is the leader most of the time.
    ...(step === "checkAsk" ? { CHAOS_SWEEPS: "1" } : {}),
  };
}

export interface Failpoint {
  readonly role: Member["role"];
  readonly step: Step;
  /** A step and a side of it, such as `accept:before`. */
  readonly point: string;
  /** At which crossing of the point the process dies; 1 is the first crossing. */
  readonly nth: number;
}

/** Returns all failpoints: before and after each step, each at the first and at the second crossing. */
export function allFailpoints(): Failpoint[] {
  const of = (role: Member["role"], steps: readonly Step[]): Failpoint[] =>
    steps.flatMap((step) =>
      ["before", "after"].flatMap((side) =>
        CROSSINGS.map((crossing) => ({
          role,
          step,
          point: `${step}:${side}`,
          // A process hands back only once, so there is no second crossing.
          nth: step === "handBack" ? 1 : crossing,
        })),
      ),
    );
  return [...of("edge", EDGE_STEPS), ...of("worker", WORKER_STEPS)];
}

/**
 * Makes processes die at every failpoint, one after another, on all members except the first of each role. Resolves
 * with the failpoints that no process crossed.
 */
export async function dieEverywhere(
  cluster: Cluster,
  history: History,
  preload: Record<string, string>,
): Promise<Failpoint[]> {
  const points = allFailpoints();
  const missed: Failpoint[] = [];
  const lane = async (member: Member, mine: Failpoint[]): Promise<void> => {
    for (let one = mine.shift(); one; one = mine.shift()) {
      let died = false;
      for (let tries = 0; !died && tries < TRIES; tries++) died = await dieOnce(member, one, history, preload);
      if (!died) missed.push(one);
    }
    member.env = {};
    await revive(member, history);
  };
  const lanes = (["edge", "worker"] as const).flatMap((role) => {
    const mine = points.filter((point) => point.role === role);
    const [, ...doomed] = role === "edge" ? cluster.edges : cluster.workers;
    return doomed.map((member) => lane(member, mine));
  });
  await Promise.all(lanes);
  return missed;
}

async function dieOnce(
  member: Member,
  { step, point, nth }: Failpoint,
  history: History,
  preload: Record<string, string>,
): Promise<boolean> {
  await member.kill();
  const isHandBack = step === "handBack";
  member.env = { ...preload, ...envFor(step), CHAOS_FAILPOINTS: `${point}@${nth}` };
  const begun = history.now();
  // If the failpoint is in the start-up, the process dies before it is ready, and `start` throws.
  await member.start().catch(() => undefined);
  const { process } = member;
  if (!process) return false;
  member.excuse();
  // For the step `handBack`: stops the worker while it has a connection to the engine, and so an answer to hand back.
  const stopping = setInterval(() => {
    if (!isHandBack || member.outerHop.connections === 0) return;
    clearInterval(stopping);
    process.kill("SIGTERM");
  }, LOOK_EVERY_MS);
  const timer = setTimeout(() => process.kill("SIGINT"), CROSS_MS);
  const { signal } = await process.exited;
  clearTimeout(timer);
  clearInterval(stopping);
  const died = signal === "SIGKILL";
  const fault = died ? `failpoint ${point}` : "missed failpoint";
  history.add({ kind: "fault", fault, target: member.name, forMs: history.now() - begun });
  return died;
}

import { broken, table } from "./report.ts";
import type { Tally } from "./tally.ts";

/**
 * How many users `checkReplicas` and `checkProcesses` have. In `checkReplicas` half of them connect only after edges
 * were added: a WebSocket stays at its edge, and the new edges need clients, too.
 */
export const USERS = 20;
/**
 * The order in which a rolling update replaces the services (docs/operations.md). Edges come first, because they may
 * run with workers of an earlier version.
 */
export const FORWARD = ["edge", "ask", "extract"] as const;
export const ROLL_BACK = "roll back to the earlier build";
export const ROLL_FORWARD = "roll forward again";
const WANTED = new Map([
  ["roll every edge", 300],
  ["kill an edge", 6000],
  ["kill an ask worker", 6000],
  [ROLL_BACK, 300],
  [ROLL_FORWARD, 300],
]);

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Does the work, and returns how long it took, as words. */
export async function seconds(work: () => Promise<unknown>): Promise<string> {
  const begun = performance.now();
  await work();
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}

/** How many users asked, and through how many edges. */
export interface Met {
  readonly users: number;
  readonly edges: number;
}

/** Prints the results of a check and returns its exit code. */
export function conclude({ phases, findings }: Tally, { users, edges }: Met): number {
  say(`\n${users} users met ${edges} edges\n`);
  say(table(phases));
  for (const finding of findings) say(`! ${finding}`);
  const problems = broken(phases, WANTED);
  say(problems.length === 0 ? "\nas wanted" : `\nnot as wanted: ${problems.join("; ")}`);
  return problems.length === 0 ? 0 : 1;
}

import { layOut } from "../report/report-text.ts";
import {
  brokenBy,
  byAbuse,
  medianOf,
  megabytes,
  type Memory,
  quietOf,
  ratioOf,
  type Promises,
  type Quiet,
  type Round,
} from "./phase.ts";

/**
 * Returns a table for a terminal, a row for each abuse, with the promises that were broken; `ok` is true if none was.
 * Times are medians of the abuse's rounds; memory is that of the worst round, and the abuser's answers are those of all
 * rounds.
 */
export function reportAbuses(rounds: readonly Round[], promised: Promises): { text: string; ok: boolean } {
  const quiet = quietOf(rounds);
  const head = [
    "ms: before, during, after",
    "text p50",
    "text p99",
    "×",
    "PDF p50",
    "PDF p99",
    "×",
    "edges +MB",
    "Redis +MB",
  ];
  const abuses = byAbuse(rounds);
  const rows = abuses.map((of) => [
    nameOf(of),
    ...cells(of, quiet, "text"),
    ...cells(of, quiet, "pdf"),
    mostGrown(of).edges.map(megabytes).join(", "),
    String(megabytes(mostGrown(of).redis)),
  ]);
  const seen = abuses.map((of) => [
    nameOf(of),
    Object.entries(answersOf(of))
      .toSorted(([, a], [, b]) => b - a)
      .map(([code, count]) => `${count} ${code}`)
      .join(", "),
  ]);
  const broken = abuses.flatMap((of) => brokenBy(of, quiet, promised).map((what) => `  ${nameOf(of)}: ${what}\n`));
  const verdict = broken.length === 0 ? "PASS\n" : `FAIL\n${broken.join("")}`;
  const text = `\n${layOut([head, ...rows])}\nHow the abuser was answered\n${layOut(seen)}\n${verdict}`;
  return { text, ok: broken.length === 0 };
}

/**
 * Returns the p50 and the p99 before, during and after the abuse, and the p99 during the abuse divided by the p99
 * without an abuse.
 */
function cells(rounds: readonly Round[], allQuiet: Quiet, kind: "text" | "pdf"): string[] {
  const of = (p: number): string =>
    (["before", "during", "after"] as const)
      .map((phase) => medianOf(rounds.map((round) => round[phase][kind].percentile(p))).toFixed(0))
      .join(" ");
  return [of(50), of(99), ratioOf(rounds, { kind, p: 99, allQuiet }).toFixed(1)];
}

function nameOf([first]: readonly Round[]): string {
  return first?.abuse ?? "";
}

/** Returns by how many bytes each edge and Redis grew at most in a round. */
function mostGrown(rounds: readonly Round[]): Memory {
  const grown = rounds.map(({ memoryBefore, memoryMost }) => ({
    edges: memoryMost.edges.map((most, index) => most - (memoryBefore.edges[index] ?? 0)),
    redis: memoryMost.redis - memoryBefore.redis,
  }));
  return {
    edges: (grown[0]?.edges ?? []).map((_, index) => Math.max(...grown.map(({ edges }) => edges[index] ?? 0))),
    redis: Math.max(...grown.map(({ redis }) => redis)),
  };
}

/** Returns how often the abuser got each answer, in all rounds together. */
function answersOf(rounds: readonly Round[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { seen } of rounds) for (const [code, count] of Object.entries(seen)) all[code] = (all[code] ?? 0) + count;
  return all;
}

import { layOut } from "../report/report-text.ts";
import { brokenBy, megabytes, quietOf, type Phase, type Promises, type Quiet, type Round } from "./phase.ts";

/** Returns the rounds as a table for a terminal, with the promises that were broken; `ok` is true if none was. */
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
  const rows = rounds.map((round) => {
    const { abuse, memoryBefore, memoryMost } = round;
    const grown = memoryMost.edges.map((most, index) => megabytes(most - (memoryBefore.edges[index] ?? 0)));
    return [
      abuse,
      ...cells(round, quiet, "text"),
      ...cells(round, quiet, "pdf"),
      grown.join(", "),
      String(megabytes(memoryMost.redis - memoryBefore.redis)),
    ];
  });
  const seen = rounds.map(({ abuse, seen: codes }) => [
    abuse,
    Object.entries(codes)
      .sort(([, a], [, b]) => b - a)
      .map(([code, count]) => `${count} ${code}`)
      .join(", "),
  ]);
  const broken = rounds.flatMap((round) =>
    brokenBy(round, quiet, promised).map((what) => `  ${round.abuse}: ${what}\n`),
  );
  const verdict = broken.length === 0 ? "PASS\n" : `FAIL\n${broken.join("")}`;
  const text = `\n${layOut([head, ...rows])}\nHow the abuser was answered\n${layOut(seen)}\n${verdict}`;
  return { text, ok: broken.length === 0 };
}

/**
 * The p50 and p99 of the three phases, and how many times as long the p99 during the abuse is as that of all quiet times.
 */
function cells({ before, during, after }: Round, quiet: Quiet, kind: "text" | "pdf"): string[] {
  const of = (p: number): string =>
    [before, during, after].map((phase: Phase) => phase[kind].percentile(p).toFixed(0)).join(" ");
  const ratio = during[kind].percentile(99) / Math.max(1, quiet[kind].percentile(99));
  return [of(50), of(99), ratio.toFixed(1)];
}

import { layOut } from "../report/report-text.ts";
import { brokenBy, megabytes, type Phase, type Promises, type Round } from "./phase.ts";

/** Returns the rounds as a table for a terminal, with the promises that were broken; `ok` is true if none was. */
export function reportAbuses(rounds: readonly Round[], promised: Promises): { text: string; ok: boolean } {
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
      ...cells(round, "text"),
      ...cells(round, "pdf"),
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
  const broken = rounds.flatMap((round) => brokenBy(round, promised).map((what) => `  ${round.abuse}: ${what}\n`));
  const verdict = broken.length === 0 ? "PASS\n" : `FAIL\n${broken.join("")}`;
  const text = `\n${layOut([head, ...rows])}\nHow the abuser was answered\n${layOut(seen)}\n${verdict}`;
  return { text, ok: broken.length === 0 };
}

/** Returns the p50 and p99 of the three phases, and the ratio of the p99 during the abuse to the p99 before it. */
function cells({ before, during, after }: Round, kind: "text" | "pdf"): string[] {
  const of = (p: number): string =>
    [before, during, after].map((phase: Phase) => phase[kind].percentile(p).toFixed(0)).join(" ");
  const ratio = during[kind].percentile(99) / Math.max(1, before[kind].percentile(99));
  return [of(50), of(99), ratio.toFixed(1)];
}

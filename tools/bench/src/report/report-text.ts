import type { Latency } from "../measure/histogram.ts";
import type { Result, Section } from "./result.ts";

/** Formats rows in columns: the first column is left-aligned, the others right-aligned. */
export function layOut(rows: ReadonlyArray<readonly string[]>): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return rows.map((row) => `  ${line(row)}\n`).join("");
}

/** Returns a result as tables for a terminal. */
export function reportText(result: Result): string {
  const settings = Object.entries(result.settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  return `\n${result.kind} (${result.protocol}): ${settings}\n${result.sections.map(sectionText).join("")}`;
}

function sectionText({ title, latencies, figures, errors }: Section): string {
  const times = layOut([["ms", "p50", "p95", "p99", "max", "count"], ...latencies.map(latencyRow)]);
  const numbers = layOut(figures.map(({ name, value, unit }) => [name, String(value), unit]));
  const codes = Object.entries(errors).map(([code, count]) => [`error ${code}`, String(count)]);
  return `\n${title}\n${latencies.length > 0 ? times : ""}${numbers}${layOut(codes)}`;
}

function latencyRow({ name, p50, p95, p99, max, count }: Latency): string[] {
  return [name, ...[p50, p95, p99, max].map((ms) => ms.toFixed(2)), String(count)];
}

import { percentile, type Phase } from "./tally.ts";

/**
 * For each phase, the limit in ms for the p99 of the gaps between two connections of a client and, if a process is
 * killed in the phase, for the p99 of the silences of asks. A phase without a limit is absent.
 */
export type Limits = ReadonlyMap<string, number>;

const COLUMNS = ["phase", "asks", "answers", "errors", "retried", "lost", "wrong", "gaps", "p50", "p99", "silence"];

/**
 * Returns a table with a line for each phase, and a line for all phases together. Times are in ms; `silence` is the p99
 * of the longest silence of each ask.
 */
export function table(phases: readonly Phase[]): string {
  const all: Phase = {
    name: "all",
    asks: sum(phases, "asks"),
    answers: sum(phases, "answers"),
    lost: sum(phases, "lost"),
    wrong: sum(phases, "wrong"),
    failed: sum(phases, "failed"),
    retried: sum(phases, "retried"),
    gaps: phases.flatMap(({ gaps }) => gaps),
    silences: phases.flatMap(({ silences }) => silences),
    fileSilences: phases.flatMap(({ fileSilences }) => fileSilences),
  };
  const rows = [COLUMNS, ...[...phases, all].map(row)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((cells) => cells.map(pad).join("  ")).join("\n");
}

/**
 * Returns one sentence for each promise that was broken: asks that failed, were lost or got a wrong answer, and phases
 * above their limit.
 */
export function broken(phases: readonly Phase[], limits: Limits): string[] {
  const found: string[] = [];
  for (const key of ["failed", "lost", "wrong"] as const) {
    const count = sum(phases, key);
    if (count > 0) found.push(`${count} asks ${key}`);
  }
  for (const { name, gaps, silences } of phases) {
    const limit = limits.get(name);
    if (limit === undefined) continue;
    const gap = Math.max(percentile(gaps, 0.99) ?? 0, name.startsWith("kill") ? (percentile(silences, 0.99) ?? 0) : 0);
    if (gap > limit) found.push(`${name}: p99 ${Math.round(gap)} ms, wanted ${limit}`);
  }
  return found;
}

function row(phase: Phase): string[] {
  const { name, asks, answers, failed, retried, lost, wrong, gaps, silences } = phase;
  const ms = (values: readonly number[], share: number): string => {
    const value = percentile(values, share);
    return value === undefined ? "–" : String(Math.round(value));
  };
  const counts = [asks, answers, failed, retried, lost, wrong, gaps.length].map(String);
  return [name, ...counts, ms(gaps, 0.5), ms(gaps, 0.99), ms(silences, 0.99)];
}

function sum(phases: readonly Phase[], key: "asks" | "answers" | "lost" | "wrong" | "failed" | "retried"): number {
  return phases.reduce((total, phase) => total + phase[key], 0);
}

import type { Latency } from "../measure/histogram.ts";

/** A number in the result of a run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** The results for one group of asks, files or connections of a run. */
export interface Section {
  readonly title: string;
  readonly latencies: readonly Latency[];
  readonly figures: readonly Figure[];
  /** How many of these asks, files or connections were refused or failed, by code. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The result of a run, as it is printed, and as `--json` writes it. */
export interface Result {
  readonly kind: string;
  readonly protocol: string;
  /** When the run began, in ISO 8601. */
  readonly at: string;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly sections: readonly Section[];
}

export function figure(name: string, value: number, unit = ""): Figure {
  return { name, value: Math.round(value * 1000) / 1000, unit };
}

/** Returns a section's figure by its name. Returns NaN if there is none, because every comparison with NaN is false. */
export function figureOf(section: Section | undefined, name: string): number {
  return section?.figures.find((one) => one.name === name)?.value ?? Number.NaN;
}

/** Returns a section's latency by its name and a percentile, in ms; NaN if there is none. */
export function latencyIn(section: Section | undefined, name: string, at: "p50" | "p95" | "p99"): number {
  return section?.latencies.find((one) => one.name === name)?.[at] ?? Number.NaN;
}

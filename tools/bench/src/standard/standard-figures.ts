import { spreadOf, type Spread } from "../measure/spread.ts";

/** One figure of the standard set. */
export interface StandardFigure {
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  /** The value that the figure should reach, on two cores that also run the load generator. */
  readonly goal?: number;
}

/** All figures of the standard set, in the order of the table. Their names are the keys of `baseline.json`. */
export const FIGURES = {
  "first added p50, 400 asks/s": { unit: "ms", better: "lower", goal: 4 },
  "first added p99, 400 asks/s": { unit: "ms", better: "lower", goal: 25 },
  "events per answer, 400 asks/s": { unit: "", better: "higher" },
  "answered of 800 asks/s": { unit: "%", better: "higher", goal: 100 },
  "whole p99, 800 asks/s": { unit: "ms", better: "lower" },
  "generator late p99, 800 asks/s": { unit: "ms", better: "lower" },
  "memory per idle connection": { unit: "KiB", better: "lower", goal: 22 },
  "connects/s, 10,000 on one edge": { unit: "1/s", better: "higher", goal: 900 },
  "text p99 beside 50 uploads": { unit: "ms", better: "lower", goal: 20 },
  "uploads beside text": { unit: "MB/s", better: "higher" },
  "text p99 beside PDFs, times idle": { unit: "×", better: "lower", goal: 1.5 },
  "PDFs of 30 pages": { unit: "1/s", better: "higher" },
  "answers after the text, 1,000 asks of a PDF": { unit: "ms", better: "lower", goal: 1000 },
  "edge CPU per ask, 1 edge": { unit: "ms", better: "lower" },
  "edge CPU per ask, 2 edges": { unit: "ms", better: "lower" },
  "edge CPU per ask, 4 edges": { unit: "ms", better: "lower" },
  "adapter CPU per reply, sharded, 1 node": { unit: "ms", better: "lower" },
  "adapter CPU per reply, sharded, 4 nodes": { unit: "ms", better: "lower" },
  "adapter CPU per reply, classic, 1 node": { unit: "ms", better: "lower" },
  "adapter CPU per reply, classic, 4 nodes": { unit: "ms", better: "lower" },
} as const satisfies Record<string, Omit<StandardFigure, "name">>;
export type FigureName = keyof typeof FIGURES;
/** The figures of one round; those of rows that did not run are absent. */
export type Figures = Partial<Record<FigureName, number>>;

export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

/** Returns the median and the range of each figure over the rounds; a figure that no round has is left out. */
export function medians(rounds: readonly Figures[]): Partial<Record<FigureName, Spread>> {
  return Object.fromEntries(
    FIGURE_NAMES.flatMap((name) => {
      const spread = spreadOf(rounds.flatMap((round) => round[name] ?? []));
      return spread ? [[name, spread] as const] : [];
    }),
  );
}

/** Whether a figure reaches its goal; undefined without a goal. */
export function reaches(name: FigureName, value: number): boolean | undefined {
  const { better, goal }: Omit<StandardFigure, "name"> = FIGURES[name];
  if (goal === undefined) return undefined;
  return better === "lower" ? value <= goal : value >= goal;
}

/**
 * Returns the table at the end of `npm run bench`, as cells. A value above 1 in the column `worse by` means that a
 * figure is worse than the committed one.
 */
export function standardTable(now: Partial<Record<FigureName, Spread>>, before: Figures): string[][] {
  const rows = FIGURE_NAMES.flatMap((name) => {
    const spread = now[name];
    if (!spread) return [];
    const { unit, better, goal }: Omit<StandardFigure, "name"> = FIGURES[name];
    const last = before[name];
    const ratio = last === undefined ? undefined : better === "lower" ? spread.median / last : last / spread.median;
    const met = reaches(name, spread.median);
    const wanted = goal === undefined ? "" : `${better === "lower" ? "≤" : "≥"} ${goal} ${met ? "met" : "missed"}`;
    return [
      [
        `${name}${unit === "" ? "" : ` (${unit})`}`,
        show(spread.median),
        `${show(spread.min)}–${show(spread.max)}`,
        last === undefined ? "–" : show(last),
        ratio === undefined ? "–" : `${ratio.toFixed(2)} ×`,
        wanted,
      ],
    ];
  });
  return [["figure", "median", "spread", "committed", "worse by", "goal"], ...rows];
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

import { spreadOf, type Spread } from "../measure/spread.ts";

/**
 * The figures of one system in one round of a row, by name. A figure that could not be measured is absent or not
 * finite.
 */
export type RoundFigures = Readonly<Record<string, number>>;

/** The name of the system `direct`, where the load generator talks to the engine without a relay. */
export const DIRECT = "direct";
export const THIS = "this checkout";

/** One round of a row: the figures of each system, by the system's name. */
export type Round = Readonly<Record<string, RoundFigures>>;

/**
 * A figure over all rounds: its values for each system that has it, and the ratios of this checkout's value to the
 * value of each other system.
 */
export interface ComparedFigure {
  readonly name: string;
  readonly systems: Readonly<Record<string, Spread>>;
  /**
   * The ratios, by the other system's name. Both values of a ratio are of one round, so they were measured within
   * minutes of each other.
   */
  readonly ratios: Readonly<Record<string, Spread>>;
}

/**
 * Adds a figure to each system: how many ms later its first piece comes than the first piece of `direct`, the engine
 * without a relay, in the same round.
 */
export function addOverDirect(round: Round): Round {
  const direct = round[DIRECT];
  if (!direct) return round;
  return Object.fromEntries(
    Object.entries(round).map(([system, figures]) => {
      if (system === DIRECT) return [system, figures];
      const added = ["p50", "p99"].map((at) => {
        const name = `first piece ${at} (ms)`;
        return [`first piece added ${at} (ms)`, (figures[name] ?? Number.NaN) - (direct[name] ?? Number.NaN)] as const;
      });
      return [system, { ...Object.fromEntries(added), ...figures }];
    }),
  );
}

/**
 * Compares this checkout with the other systems. A ratio is computed within one round. If one of its two values is not
 * above 0, such as an added latency that is smaller than the noise, the round has no ratio.
 */
export function compareRounds(rounds: readonly Round[]): ComparedFigure[] {
  const systems = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  const all = rounds.flatMap((round) => [round[THIS] ?? {}, ...Object.values(round)]);
  const names = new Set(all.flatMap((figures) => Object.keys(figures)));
  const over = (values: (system: string) => number[]): Record<string, Spread> =>
    Object.fromEntries(
      systems.flatMap((system) => {
        const spread = spreadOf(values(system));
        return spread ? [[system, spread] as const] : [];
      }),
    );
  const figures = [...names].map((name) => ({
    name,
    systems: over((system) => rounds.flatMap((round) => round[system]?.[name] ?? [])),
    ratios: over((system) => {
      if (system === THIS || system === DIRECT) return [];
      return rounds.flatMap((round) => {
        const [own, other] = [round[THIS]?.[name] ?? 0, round[system]?.[name] ?? 0];
        return own > 0 && other > 0 ? own / other : [];
      });
    }),
  }));
  return figures.filter((figure) => Object.keys(figure.systems).length > 0);
}

/** Returns the table of a row, as cells: the medians of each system, then each ratio with its minimum and maximum. */
export function comparedTable(figures: readonly ComparedFigure[]): string[][] {
  const columns = (of: (figure: ComparedFigure) => object): string[] => {
    const all = new Set(figures.flatMap((figure) => Object.keys(of(figure))));
    return [...all].sort((a, b) => place(a) - place(b));
  };
  const [systems, ratios] = [columns(({ systems: all }) => all), columns(({ ratios: all }) => all)];
  const head = ["median (least–greatest)", ...systems, ...ratios.map((name) => `this ÷ ${name}`)];
  const cells = (columns: readonly string[], spreads: ComparedFigure["systems"]): string[] =>
    columns.map((column) => showSpread(spreads[column]));
  return [head, ...figures.map((one) => [one.name, ...cells(systems, one.systems), ...cells(ratios, one.ratios)])];
}

function place(system: string): number {
  return system === THIS ? 0 : system === DIRECT ? 2 : 1;
}

function showSpread(spread: Spread | undefined): string {
  if (!spread) return "–";
  const { median, min, max } = spread;
  return min === max ? show(median) : `${show(median)} (${show(min)}–${show(max)})`;
}

function show(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

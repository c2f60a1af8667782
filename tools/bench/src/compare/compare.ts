import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { pageHtml, tableHtml } from "../report/report-html.ts";
import { layOut } from "../report/report-text.ts";
import type { ComparedRow, CompareOptions } from "./compare-options.ts";
import { rowOf } from "./compare-rows.ts";
import { addOverDirect, comparedTable, compareRounds, type ComparedFigure, type Round } from "./ratios.ts";
import { contenders } from "./systems.ts";

/** The content of the file that `--json` writes. It has no address, path or machine name. */
export interface Comparison {
  readonly kind: "comparison";
  /** When the comparison began, in ISO 8601. */
  readonly at: string;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly rows: ReadonlyArray<{
    readonly row: ComparedRow;
    readonly title: string;
    readonly figures: readonly ComparedFigure[];
    readonly rounds: readonly Round[];
  }>;
  /** The systems that could not be measured in a round, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Measures every system once in each round, and all rows once before the next round. Every second round takes the
 * systems in reverse order, so that a machine that becomes busier does not count against the later systems. A system
 * that fails in a round is named at the end, and has no figures for that round. @returns the tables.
 */
export async function runComparison(
  options: CompareOptions,
  follow: (show: () => string) => void,
  stopped: AbortSignal,
): Promise<string> {
  const at = new Date().toISOString();
  const problems: string[] = [];
  const profiles: string[] = [];
  const rounds = new Map<ComparedRow, Round[]>(options.rows.map((row) => [row, []]));
  for (let index = 0; index < options.rounds; index++) {
    for (const [name, all] of rounds) all.push(addOverDirect(await measureRound(name, index)));
  }

  async function measureRound(name: ComparedRow, index: number): Promise<Round> {
    const row = rowOf(name, options);
    const systems = contenders(options, (all) => {
      for (const { kind, table } of all)
        profiles.push(`\nwhere the ${kind}'s time goes: ${name} ${index + 1}/${options.rounds}\n${layOut(table)}`);
    });
    const round: Record<string, Round[string]> = {};
    for (const contender of index % 2 === 0 ? systems : systems.toReversed()) {
      if (!row.kinds.includes(contender.kind)) continue;
      stopped.throwIfAborted();
      const where = `${name} ${index + 1}/${options.rounds}, ${contender.name}`;
      follow(() => `${where}: starting`);
      try {
        await using system = await contender.start(row.shape);
        round[contender.name] = await row.measure(system, (show) => follow(() => `${where}: ${show()}`));
      } catch (error) {
        problems.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return round;
  }

  const result: Comparison = {
    kind: "comparison",
    at,
    settings: settingsOf(options),
    rows: [...rounds].map(([row, all]) => {
      return { row, title: rowOf(row, options).title, figures: compareRounds(all), rounds: all };
    }),
    problems,
  };
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  if (options.html !== undefined) await writeFile(options.html, comparisonHtml(result));
  return comparisonText(result) + profiles.join("");
}

function settingsOf(options: CompareOptions): Record<string, number | string> {
  const { rounds, durationMs, warmupMs, aof } = options;
  const log = aof === undefined ? "the system's temporary folder" : "the folder of --aof";
  const machine = { cores: availableParallelism(), node: process.version };
  return { rounds, "measured s": durationMs / 1000, "warm-up s": warmupMs / 1000, ...machine, "Redis's log in": log };
}

function describeSettings({ settings }: Comparison): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function comparisonText(result: Comparison): string {
  const tables = result.rows.map(({ title, figures }) => `\n${title}\n${layOut(comparedTable(figures))}`);
  const problems = result.problems.map((problem) => `  not measured: ${problem}\n`);
  return `\ncomparison: ${describeSettings(result)}\n${tables.join("")}${problems.join("")}`;
}

function comparisonHtml(result: Comparison): string {
  const tables = result.rows.map(({ title, figures }) => tableHtml(title, comparedTable(figures)));
  const problems = result.problems.map((problem) => tableHtml("not measured", [[problem]]));
  const settings = describeSettings(result);
  return pageHtml({ title: "comparison", at: result.at, settings, body: [...tables, ...problems] });
}

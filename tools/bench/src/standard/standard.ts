import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { layOut } from "../report/report-text.ts";
import { medians, reaches, standardTable, type FigureName, type Figures } from "./standard-figures.ts";
import { ROWS } from "./standard-rows.ts";

const BASELINE = join(import.meta.dirname, "../../baseline.json");

/**
 * The content of `baseline.json`: the committed figures, and on what kind of machine they were measured. It has no
 * machine name or path.
 */
interface Baseline {
  readonly note: string;
  readonly figures: Figures;
}

export interface StandardOptions {
  readonly rounds: number;
  /** The names of the rows to run, out of {@link ROWS}; default: all. */
  readonly rows: readonly string[];
  /** Whether to write the medians to `baseline.json`; the figures of rows that did not run stay there. */
  readonly save: boolean;
}

/** Parses the arguments after `standard` on the command line. @throws Error that names the problem. */
export function readStandardOptions(args: readonly string[]): StandardOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "3" },
      rows: { type: "string" },
      save: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20)
    throw new Error("--rounds must be a whole number from 1 to 20");
  const names = ROWS.map(({ name }) => name);
  const rows = values.rows?.split(",") ?? names;
  const wrong = rows.find((row) => !names.includes(row));
  if (wrong !== undefined) throw new Error(`--rows takes a comma list of: ${names.join(", ")}`);
  return { rounds, rows, save: values.save };
}

/** Runs the standard set on private clusters, one after the other. @returns its table. */
export async function runStandard(
  options: StandardOptions,
  follow: (show: () => string) => void,
  stopped: AbortSignal,
): Promise<string> {
  const rounds: Figures[] = [];
  for (const row of ROWS.filter(({ name }) => options.rows.includes(name))) {
    const times = Math.min(options.rounds, row.most ?? options.rounds);
    for (let round = 1; round <= times; round++) {
      stopped.throwIfAborted();
      follow(() => `${row.name} ${round}/${times}: starting`);
      rounds.push(await row.round((show) => follow(() => `${row.name} ${round}/${times}: ${show()}`)));
    }
  }
  const now = medians(rounds);
  const before = await readBaseline();
  const table = `\n${layOut(standardTable(now, before.figures))}\n  ${before.note}\n`;
  if (options.save) await writeBaseline(before, now);
  const missed = (Object.keys(now) as FigureName[]).filter(
    (name) => reaches(name, now[name]?.median ?? Number.NaN) === false,
  );
  return `${table}  ${missed.length === 0 ? "every goal is met" : `goals missed: ${missed.length}`}\n`;
}

async function readBaseline(): Promise<Baseline> {
  try {
    return JSON.parse(await readFile(BASELINE, "utf8")) as Baseline;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { note: "no committed figures yet", figures: {} };
  }
}

async function writeBaseline(before: Baseline, now: ReturnType<typeof medians>): Promise<void> {
  const fresh = Object.entries(now).map(([name, { median }]) => [name, Math.round(median * 1000) / 1000]);
  const note = `${availableParallelism()} cores, generator included; Node ${process.version}; Redis with appendfsync always`;
  const baseline = { note, figures: { ...before.figures, ...Object.fromEntries(fresh) } };
  await writeFile(BASELINE, `${JSON.stringify(baseline, undefined, 2)}\n`);
}

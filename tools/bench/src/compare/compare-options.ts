import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Protocol } from "../talkers/talker.ts";

export const COMPARED_ROWS = ["asks", "max", "stream", "upload", "pdfs"] as const;
export type ComparedRow = (typeof COMPARED_ROWS)[number];

/** The options of a comparison (`npm run bench -- --relay --against …`). */
export interface CompareOptions {
  readonly rows: readonly ComparedRow[];
  readonly rounds: number;
  /** The root of another checkout to compare with; its dependencies must be installed. */
  readonly against?: string;
  readonly relay: boolean;
  /** A setting of docrelay (an environment variable). This checkout is measured both without it and with it. */
  readonly setting?: { readonly name: string; readonly value: string };
  /** The folder in which each Redis keeps its append-only file; default: the system's folder for temporary files. */
  readonly aof?: string;
  /**
   * The protocol between the load generator and docrelay. Default: Socket.IO in the row `stream`, plain in `asks` and
   * `max`. Rows with files always use Socket.IO.
   */
  readonly protocol?: Protocol;
  /** Asks per second in the row `asks`. */
  readonly rate: number;
  /** How many streamed replies begin per second in the row `stream`. */
  readonly streams: number;
  /** How many connections the row `max` has, each with one ask running. */
  readonly connections: number;
  /** The delay between the processes and Redis in the row `upload`, in ms, in each direction. */
  readonly delayMs: number;
  readonly durationMs: number;
  readonly warmupMs: number;
  /** The folder to which CPU profiles of this checkout's processes are written; if absent, no profiles are written. */
  readonly profile?: string;
  readonly json?: string;
  readonly html?: string;
}

const NUMBERS = {
  rounds: { min: 1, max: 20, fallback: 3, help: "each system is measured once in every round" },
  rate: { min: 1, max: 10_000, fallback: 400, help: "asks: asks per second, of 200 users" },
  streams: { min: 1, max: 1000, fallback: 40, help: "stream: replies begun per second; 50 pieces in a second each" },
  connections: { min: 1, max: 2000, fallback: 64, help: "max: connections, each with one ask running" },
  delay: { min: 0, max: 1000, fallback: 50, help: "upload: ms between edge and Redis, each way" },
  duration: { min: 1, max: 600, fallback: 8, help: "seconds that are measured of each row, round and system" },
  warmup: { min: 1, max: 600, fallback: 3, help: "seconds before, not counted" },
} as const satisfies Record<string, { min: number; max: number; fallback: number; help: string }>;

export const COMPARE_USAGE = [
  "",
  "npm run bench -- [--relay] [--against <folder>] [--setting <NAME=value>] [options]   this checkout beside others, in one run",
  "  --relay             a bare Socket.IO server with its Redis adapter",
  "  --setting <N=value> this checkout once more, with this setting, such as DATA_KEY=…",
  "  --against <folder>  another checkout of docrelay, with its dependencies installed",
  `  --rows <row,…>      of ${COMPARED_ROWS.join(", ")}; all by default`,
  ...Object.entries(NUMBERS).map(([name, { help, fallback }]) => `  --${name} <n>  ${help}; ${fallback} by default`),
  "  --protocol socketio|plain   how docrelay is talked to; by default plain, for stream Socket.IO",
  "  --aof <folder>      where each Redis keeps its log, such as /dev/shm",
  "  --profile <folder>  CPU profiles of this checkout's processes, and where their time goes; it costs them some",
  "  --json <file>, --html <file>   the figures of every round, and the ratios",
  "",
].join("\n");

/** Whether the command line's arguments ask for a comparison. */
export function wantsComparison(args: readonly string[]): boolean {
  return args.some((arg) => arg === "--relay" || /^--(against|setting)(=|$)/.test(arg));
}

/** Parses the arguments of a comparison. @throws Error that names every problem. */
export function readCompareOptions(args: readonly string[]): CompareOptions {
  const string = { type: "string" } as const;
  const words = {
    against: string,
    setting: string,
    rows: string,
    protocol: string,
    aof: string,
    profile: string,
    json: string,
    html: string,
  };
  const numbers = { rounds: string, rate: string, streams: string, connections: string, delay: string };
  const options = {
    relay: { type: "boolean", default: false },
    ...words,
    ...numbers,
    duration: string,
    warmup: string,
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const problems: string[] = [];
  const number = (name: keyof typeof NUMBERS): number => {
    const { min, max, fallback } = NUMBERS[name];
    const given = values[name];
    const value = given === undefined ? fallback : given.trim() === "" ? Number.NaN : Number(given);
    if (!(value >= min && value <= max)) problems.push(`--${name} must be a number from ${min} to ${max}`);
    return value;
  };
  const rows = values.rows?.split(",") ?? COMPARED_ROWS;
  if (!rows.every(isRow)) problems.push(`--rows takes a comma list of: ${COMPARED_ROWS.join(", ")}`);
  const { protocol, json, html } = values;
  if (protocol !== undefined && protocol !== "socketio" && protocol !== "plain")
    problems.push("--protocol must be socketio or plain");
  const [, name = "", value = ""] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(values.setting ?? "") ?? [];
  if (values.setting !== undefined && name === "") problems.push("--setting must be NAME=value");
  const [against, aof, profile] = [values.against, values.aof, values.profile].map((path) =>
    path === undefined ? undefined : resolve(path),
  );
  if (against !== undefined) {
    for (const part of ["apps/edge/src/main.ts", "apps/worker/src/main.ts", "node_modules"])
      if (!existsSync(join(against, part))) problems.push(`--against: ${part} is missing in that folder`);
  }
  if (aof !== undefined && !statSync(aof, { throwIfNoEntry: false })?.isDirectory())
    problems.push("--aof must be a folder");
  const read = {
    rounds: Math.round(number("rounds")),
    rate: number("rate"),
    streams: number("streams"),
    connections: Math.round(number("connections")),
    delayMs: number("delay"),
    durationMs: number("duration") * 1000,
    warmupMs: number("warmup") * 1000,
  };
  if (problems.length > 0) throw new Error(problems.join("; "));
  return {
    ...read,
    rows: COMPARED_ROWS.filter((row) => rows.includes(row)),
    relay: values.relay,
    ...(protocol === undefined ? {} : { protocol: protocol as Protocol }),
    ...(against === undefined ? {} : { against }),
    ...(name === "" ? {} : { setting: { name, value } }),
    ...(aof === undefined ? {} : { aof }),
    ...(profile === undefined ? {} : { profile }),
    ...(json === undefined ? {} : { json }),
    ...(html === undefined ? {} : { html }),
  };
}

function isRow(word: string): word is ComparedRow {
  return COMPARED_ROWS.some((row) => row === word);
}

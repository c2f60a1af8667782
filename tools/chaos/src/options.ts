import { parseArgs } from "node:util";

export interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly edges: number;
  readonly workers: number;
  readonly users: number;
  readonly failpoints: boolean;
  /** The folder to which the history, the verdict and the timeline are written. */
  readonly out: string;
  /** How many asks and kills a run must have at least: with fewer it proves nothing. */
  readonly floor: Floor;
}

export interface Floor {
  readonly acked: number;
  readonly edgeKills: number;
  readonly workerKills: number;
  readonly redisKills: number;
}

export const USAGE = `npm run chaos -- [--smoke | --soak | --failpoints] [--seconds N] [--seed N] [--edges N] [--workers N] [--users N] [--out FOLDER]

  --smoke       120 s, the run of the automatic check (the default)
  --soak        15 minutes
  --failpoints  processes that die at every commit step instead of at random
  --seed        the same seed breaks the same things at the same times; a random one by default, printed`;

const NO_FLOOR: Floor = { acked: 1, edgeKills: 0, workerKills: 0, redisKills: 0 };
const SMOKE_FLOOR: Floor = { acked: 1500, edgeKills: 10, workerKills: 10, redisKills: 3 };

/** Parses the command line. @throws TypeError for an unknown option, Error for an invalid number. */
export function readOptions(args: readonly string[], randomSeed: number): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: "boolean" },
      soak: { type: "boolean" },
      failpoints: { type: "boolean" },
      help: { type: "boolean" },
      seconds: { type: "string" },
      seed: { type: "string" },
      edges: { type: "string" },
      workers: { type: "string" },
      users: { type: "string" },
      out: { type: "string" },
    },
  });
  if (values.help) return "help";
  const failpoints = values.failpoints ?? false;
  const number = (name: "seconds" | "seed" | "edges" | "workers" | "users", fallback: number): number => {
    const text = values[name];
    if (text === undefined) return fallback;
    if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} must be a whole number`);
    return Number(text);
  };
  const isSmoke = !failpoints && !values.soak && values.seconds === undefined;
  return {
    seconds: number("seconds", values.soak ? 900 : 120),
    seed: number("seed", randomSeed),
    edges: number("edges", 3),
    workers: number("workers", 3),
    users: number("users", 40),
    failpoints,
    out: values.out ?? ".chaos",
    floor: values.soak || isSmoke ? SMOKE_FLOOR : NO_FLOOR,
  };
}

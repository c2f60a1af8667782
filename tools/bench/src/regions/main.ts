import { parseArgs } from "node:util";
import { EXIT_CONFIG } from "@docrelay/platform";
import { layOut } from "../report/report-text.ts";
import { simulate, type Figures, type Scenario } from "./simulate.ts";

/*
 * Runs a simulation of several regions and prints its results: `node tools/bench/src/regions/main.ts --users 10000000
 * --regions 3`.
 */

const NUMBERS = {
  users: { fallback: 10_000_000, help: "users" },
  regions: { fallback: 3, help: "regions with equal shares of the users" },
  cores: { fallback: 24, help: "cores of one region" },
  masters: { fallback: 4, help: "Redis masters of one region" },
  every: { fallback: 600, help: "seconds between two asks of a user" },
  answer: { fallback: 10, help: "seconds that the engine answers" },
  deadline: { fallback: 300, help: "seconds until an ask ends in any case (ASK_DEADLINE_MS)" },
  lag: { fallback: 2, help: "seconds until a write is copied to the other regions" },
  move: { fallback: 30, help: "seconds over which users of a lost region come to their second one" },
  lasts: { fallback: 900, help: "seconds that are simulated" },
  from: { fallback: 300, help: "when the first region is lost" },
  to: { fallback: 480, help: "when it is back" },
  seed: { fallback: 1, help: "of the random numbers" },
} as const;
type Name = keyof typeof NUMBERS;

function scenarioOf(of: Record<Name, number>): Scenario {
  return {
    regions: Array.from({ length: of.regions }, (_, index) => ({
      name: `region ${index + 1}`,
      weight: 1,
      cores: of.cores,
      redisMasters: of.masters,
    })),
    users: of.users,
    secondsBetweenAsks: of.every,
    answerS: of.answer,
    deadlineS: of.deadline,
    copyLagS: of.lag,
    moveS: of.move,
    lastsS: of.lasts,
    outage: of.to > of.from ? { region: "region 1", fromS: of.from, toS: of.to } : undefined,
    seed: of.seed,
  };
}

function textOf({ regions, ...asks }: Figures): string {
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const head = ["", "users", "CPU", "busiest Redis", "connections", "their memory", "new logs", "longest wait"];
  const rows = regions.map((one) => [
    one.name,
    String(one.users),
    percent(one.peakCpu),
    percent(one.peakRedis),
    String(one.peakConnections),
    gigabytes(one.connectionBytes),
    gigabytes(one.logBytes),
    `${one.longestWaitS.toFixed(1)} s`,
  ]);
  const counts = Object.entries(asks).map(([name, count]) => `${name} ${count}`);
  return `${layOut([head, ...rows])}\nasks: ${counts.join(", ")}\n`;
}

const names = Object.keys(NUMBERS) as Name[];
const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
const { values } = parseArgs({ options });
const read = Object.fromEntries(names.map((name) => [name, Number(values[name] ?? NUMBERS[name].fallback)])) as Record<
  Name,
  number
>;
const wrong = names.filter((name) => !(read[name] >= 0));
if (wrong.length > 0) {
  const usage = names.map((name) => `  --${name} <n>  ${NUMBERS[name].help}; ${NUMBERS[name].fallback} by default\n`);
  process.stderr.write(`not a number: ${wrong.map((name) => `--${name}`).join(", ")}\n${usage.join("")}`);
  process.exit(EXIT_CONFIG);
}
process.stdout.write(textOf(simulate(scenarioOf(read))));

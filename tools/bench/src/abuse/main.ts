import { parseArgs } from "node:util";
import { EXIT_CONFIG, untilSignal } from "@docrelay/platform";
import { ALL_ABUSES, runAbuses, startAbused } from "./run-abuses.ts";
import { brokenBy, quietOf, type Promises, type Round } from "./phase.ts";
import { reportAbuses } from "./report-abuses.ts";

export const USAGE = `npm run abuse -- [--abuse NAME]… [--seconds N] [--rounds N] [--honest N] [--ratio N]

  --abuse    one of: ${ALL_ABUSES.join(", ")}; all by default
  --seconds  how long each abuse lasts, 12 by default; as much as half of it is quiet before and after
  --rounds   how often each abuse runs, 3 by default; times are judged by the median of the rounds
  --honest   honest users, 10 by default
  --ratio    how many times their quiet times honest users may wait, 2 by default
`;
/**
 * If users wait less than this without an abuse, the ratio is computed as if they had waited this many ms, because on a
 * busy machine times differ by as much anyway.
 */
const UNNOTICED_MS = 25;
/** By how many bytes the memory of an edge may grow during an abuse. */
const EDGE_BYTES = 100_000_000;
/**
 * By how many bytes the memory of Redis may grow during an abuse. It is what one address may keep by default: half of
 * `MAX_BLOB_BYTES` for files, and `MAX_USER_LOG_BYTES` of 8 users for questions.
 */
const REDIS_BYTES = 2 ** 30 + 8 * 2 ** 26;
/** Each abuser of a run has an address of its own in 203.0.113.0/24 (`abuserAddress`). */
const MAX_ABUSERS = 254;
const EXIT_BROKEN = 1;

interface Options {
  readonly abuses: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  readonly honest: number;
  readonly ratio: number;
}

function read(): Options {
  const { values } = parseArgs({
    options: {
      abuse: { type: "string", multiple: true, default: [...ALL_ABUSES] },
      seconds: { type: "string", default: "12" },
      rounds: { type: "string", default: "3" },
      honest: { type: "string", default: "10" },
      ratio: { type: "string", default: "2" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit();
  }
  const unknown = values.abuse.filter((name) => !ALL_ABUSES.includes(name));
  const numbers = [values.seconds, values.rounds, values.honest, values.ratio].map(Number);
  const [seconds = 0, rounds = 0, honest = 0, ratio = 0] = numbers;
  const areNumbers =
    numbers.every((number) => number > 0) && Number.isInteger(rounds) && rounds * values.abuse.length <= MAX_ABUSERS;
  if (unknown.length > 0 || !areNumbers) throw new Error(USAGE);
  return { abuses: values.abuse, seconds, rounds, honest, ratio };
}

const say = (text: string): void => void process.stdout.write(text);
try {
  const { abuses, seconds, rounds: times, honest, ratio } = read();
  const stop = new AbortController();
  const rounds: Round[] = [];
  const promised: Promises = { ratio, unnoticedMs: UNNOTICED_MS, edgeBytes: EDGE_BYTES, redisBytes: REDIS_BYTES };
  void untilSignal().then(() => {
    say(reportAbuses(rounds, promised).text);
    process.exit(130); // the cluster ends with this process
  });
  const cluster = await startAbused();
  say(`${abuses.length} abuses of ${seconds} s, each ${times} times, beside ${honest} honest users\n`);
  const duringMs = seconds * 1000;
  const wish = { abuses, rounds: times, honest, duringMs, beforeMs: (duringMs * 2) / 3, afterMs: duringMs / 3 };
  await runAbuses(cluster, wish, stop.signal, (round) => {
    rounds.push(round);
    say(`  ${round.abuse}: ${brokenBy([round], quietOf(rounds), promised).join("; ") || "kept"}\n`);
  });
  const { text, ok } = reportAbuses(rounds, promised);
  say(text);
  process.exitCode = ok ? 0 : EXIT_BROKEN;
} catch (error) {
  process.stderr.write(`abuse: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_CONFIG;
}
// Ends this process, and with it the cluster's processes and the abuser.
process.exit();

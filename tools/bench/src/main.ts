import { writeFile } from "node:fs/promises";
import { EXIT_CONFIG, untilSignal } from "@docrelay/platform";
import { COMPARE_USAGE, readCompareOptions, wantsComparison } from "./compare/compare-options.ts";
import { runComparison } from "./compare/compare.ts";
import { readOptions, USAGE, type Options } from "./options.ts";
import { MASTERS_USAGE, readMastersOptions, runMasters } from "./masters/run-masters.ts";
import { createProgressLine, type ProgressLine } from "./report/progress.ts";
import { reportHtml } from "./report/report-html.ts";
import { reportText } from "./report/report-text.ts";
import { run } from "./runs/run.ts";
import { readStandardOptions, runStandard } from "./standard/standard.ts";

function refuseToStart(problems: readonly string[]): never {
  process.stderr.write(
    `${problems.map((problem) => `  - ${problem}\n`).join("")}\n${USAGE}${COMPARE_USAGE}${MASTERS_USAGE}`,
  );
  process.exit(EXIT_CONFIG);
}

async function measure(options: Options, progress: ProgressLine): Promise<string> {
  const result = await run(options, progress.follow);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  if (options.html !== undefined) await writeFile(options.html, reportHtml(result));
  return reportText(result);
}

/** Returns the work that the command line asks for; ends the process when the command line is invalid. */
function choose(args: readonly string[], stopped: AbortSignal): (progress: ProgressLine) => Promise<string> {
  if (args[0] === "standard" || args[0] === "masters") {
    try {
      if (args[0] === "masters") {
        const masters = readMastersOptions(args.slice(1));
        return (progress) => runMasters(masters, progress.follow, stopped);
      }
      if (wantsComparison(args)) {
        const comparison = readCompareOptions(args.slice(1));
        return (progress) => runComparison(comparison, progress.follow, stopped);
      }
      const options = readStandardOptions(args.slice(1));
      return (progress) => runStandard(options, progress.follow, stopped);
    } catch (error) {
      return refuseToStart([error instanceof Error ? error.message : String(error)]);
    }
  }
  const parsed = readOptions(args);
  return parsed.ok ? (progress) => measure(parsed.options, progress) : refuseToStart(parsed.problems);
}

if (process.argv.includes("--help")) {
  process.stdout.write(USAGE + COMPARE_USAGE + MASTERS_USAGE);
  process.exit();
}
const stop = new AbortController();
const work = choose(process.argv.slice(2), stop.signal);
const signalled = untilSignal().then((signal) => {
  stop.abort(new Error(signal));
  throw new Error(`ended by ${signal}`);
});
try {
  using progress = createProgressLine(process.stderr);
  const text = await Promise.race([work(progress), signalled]);
  progress[Symbol.dispose]();
  process.stdout.write(text);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Ends this process, and with it the processes of a private cluster.
process.exit();

import { describeProblems, EXIT_CONFIG } from "@docrelay/platform";
import { readConfig } from "@docrelay/worker/config";
import { examineEngines } from "./engine/examine-engines.ts";
import { parseOptions, USAGE } from "./options.ts";
import { inWords, reportOf } from "./part.ts";

const EXIT_USAGE = 64;
const options = parseOptions(process.argv.slice(2));
if (!options) {
  process.stderr.write(USAGE);
  process.exit(EXIT_USAGE);
}
// An engine can be looked at before there is a Redis.
const REDIS_URL = process.env["REDIS_URL"] || "redis://127.0.0.1:6379";
const parsed = readConfig({ ...process.env, REDIS_URL, WORKER_ROLES: "ask" });
if (!parsed.ok) {
  process.stderr.write(describeProblems("the doctor", parsed.problems));
  process.exit(EXIT_CONFIG);
}
// A silent engine takes as long as an ask would wait for it.
if (process.stderr.isTTY) process.stderr.write("Asking the engine …\n");
const report = reportOf(await examineEngines(parsed.config, options));
process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : inWords(report));
process.exitCode = report.ok ? 0 : 1;

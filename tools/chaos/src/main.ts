import { mkdirSync, createWriteStream, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { randomInt } from "node:crypto";
import { untilSignal } from "@docrelay/platform";
import { check } from "./check/checker.ts";
import { createHistory } from "./history.ts";
import { readOptions, USAGE, type Options } from "./options.ts";
import { run } from "./run.ts";
import { shortfalls, summarize } from "./report/summary.ts";
import { drawTimeline } from "./report/timeline.ts";

const EXIT_USAGE = 64;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function options(): Options {
  try {
    const read = readOptions(process.argv.slice(2), randomInt(1, 1_000_000_000));
    if (read !== "help") return read;
    say(USAGE);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    process.exit(EXIT_USAGE);
  }
}

const chosen = options();
const { seed, seconds, edges, workers, users } = chosen;
mkdirSync(chosen.out, { recursive: true });
const file = createWriteStream(join(chosen.out, "history.jsonl"));
const history = createHistory((entry) => file.write(`${JSON.stringify(entry)}\n`));

say(`chaos: seed ${seed}, ${seconds} s, ${edges} edges, ${workers} workers, ${users} users with two tabs each`);
const progress = setInterval(() => {
  const of = (kind: string): number => history.entries.filter((entry) => entry.kind === kind).length;
  const acked = new Set(history.entries.flatMap((entry) => (entry.kind === "acked" ? [entry.ask] : []))).size;
  say(`  ${Math.round(history.now() / 1000)} s: ${acked} asks acknowledged, ${of("fault")} things broken`);
}, 10_000);
// Ends this process, and with it the processes under test.
void untilSignal().then(() => process.exit(130));

await run({ ...chosen, history });
clearInterval(progress);
file.end();
await once(file, "finish");

const verdict = check(history.entries);
const ok = verdict.pass && shortfalls(verdict, chosen).length === 0;
writeFileSync(join(chosen.out, "verdict.json"), `${JSON.stringify({ ...chosen, ok, ...verdict }, null, 2)}\n`);
writeFileSync(join(chosen.out, "timeline.html"), drawTimeline(history.entries, `docrelay under chaos, seed ${seed}`));
for (const line of summarize(verdict, chosen)) say(line);
say("");
say(`Look at ${join(chosen.out, "timeline.html")} for what was broken when, and how long people waited.`);
if (ok) say("Next: npm run chaos -- --soak, or another --seed.");
else
  say(
    `Next: npm run chaos -- --seed ${seed} breaks the same things again; history.jsonl beside the timeline has all of it.`,
  );
process.exit(ok ? 0 : 1);

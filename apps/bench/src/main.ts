import { writeFile } from "node:fs/promises";
import { EXIT_CONFIG } from "@docrelay/platform";
import { readOptions, USAGE, type Options } from "./options.ts";
import { createProgressLine } from "./progress.ts";
import { reportHtml } from "./report-html.ts";
import { reportText } from "./report-text.ts";
import { run } from "./run.ts";

async function measure(options: Options): Promise<void> {
  const progress = createProgressLine(process.stderr);
  const result = await run(options, progress.follow).finally(() => progress[Symbol.dispose]());
  process.stdout.write(reportText(result));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  if (options.html !== undefined) await writeFile(options.html, reportHtml(result));
}

const parsed = readOptions(process.argv.slice(2));
if (!parsed.ok) {
  process.stderr.write(`${parsed.problems.map((problem) => `  - ${problem}\n`).join("")}\n${USAGE}`);
  process.exit(EXIT_CONFIG);
}
try {
  await measure(parsed.options);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

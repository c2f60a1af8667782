import { makePdf } from "@docrelay/testkit";
import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { createCoreWatch, createExtractor } from "../src/index.ts";
import { LIMITS } from "./limits.ts";

/*
 * A program that reads a file on a single core, while another process keeps this core busy: from the start on, or with
 * the argument `warm` once a child is ready. Prints the outcome, and whether the core was found full.
 */

const [core = "0"] = /(?<=Cpus_allowed_list:\s+)\d+/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", core, `${process.pid}`]);

const NICE = 10;
const PAGES = Array.from({ length: 200 }, (_, index) => `page ${index + 1}\n${"word ".repeat(200)}`);
const signal = new AbortController().signal;

const busy = (): AsyncDisposable => {
  const program = "for (const end = Date.now() + 150_000; Date.now() < end; );";
  const child = spawn(process.execPath, ["-e", program], { stdio: "ignore" });
  // With this priority the other process gets 97 % of the core while the child only runs on idle cores, and half of it
  // once the child has the same priority.
  if (child.pid !== undefined) setPriority(child.pid, NICE);
  return { [Symbol.asyncDispose]: async () => void child.kill("SIGKILL") };
};

await using stack = new AsyncDisposableStack();
if (process.argv[2] !== "warm") stack.use(busy());
const coreWatch = createCoreWatch();
const extractor = stack.use(createExtractor({ engine: "auto", concurrency: 1, limits: LIMITS, coreWatch }));
if (process.argv[2] === "warm") {
  await extractor.extract({ bytes: makePdf({ pages: ["warm"] }) }, { signal });
  stack.use(busy());
}
let pages: number[] = [];
const outcome = await extractor.extract(
  { bytes: makePdf({ pages: PAGES }) },
  { signal, onPage: (page) => void (pages = [...pages, page]) },
);
const inOrder = pages.every((page, index) => page === index + 1);
const read = outcome.kind === "text" ? outcome.pages.filter((text) => text !== "").length : outcome.reason;
console.log(
  `outcome ${read} pages, ${inOrder ? pages.length : "not"} told in order, on ${coreWatch.coresAreFull() ? "a full" : "an idle"} core`,
);

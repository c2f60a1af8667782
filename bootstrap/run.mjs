#!/usr/bin/env node
// Prepares a bare clone and runs one of its tasks: `node bootstrap/run.mjs
// start|test|doctor|bench|bench:pdf|bench:page|abuse|fuzz|chaos|long|shots|cluster|sbom|docs|build`. This is plain
// JavaScript for Node 20 and newer, which needs nothing installed. Each step prints its name and how long it took;
// steps that were done before print nothing.
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { runChild, runHere } from "./child.mjs";
import { buildPrograms, buildWeb, installDependencies, installTools } from "./install.mjs";
import { findBrowser, findHelm, findOtherBrowsers, findPromtool, findRedis } from "./find.mjs";
import { cache, command, root } from "./step.mjs";

const [task, ...args] = process.argv.slice(2);
const entries = {
  start: ["apps/local/dist/local.mjs"],
  test: ["bootstrap/test.mjs"],
  doctor: ["apps/doctor/src/main.ts"],
  bench: ["tools/bench/src/main.ts"],
  abuse: ["tools/bench/src/abuse/main.ts"],
  fuzz: ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", ".fuzz.test.ts", "--testTimeout", "0"],
  "bench:pdf": ["packages/pdf/bench/main.ts"],
  "bench:page": ["apps/local/bench/page.ts"],
  chaos: ["tools/chaos/src/main.ts"],
  long: ["node_modules/vitest/vitest.mjs", "run", "--project", "slow", "--project", "long"],
  cluster: ["tools/cluster/src/main.ts"],
  shots: ["node_modules/vitest/vitest.mjs", "run", "--project", "slow", "apps/local/test/page-"],
  docs: ["tools/site/src/main.ts"],
  build: ["node_modules/turbo/bin/turbo", "run", "build"],
};
if (task !== "sbom" && !Object.hasOwn(entries, task ?? "")) {
  process.stderr.write(
    "usage: node bootstrap/run.mjs start|test|doctor|bench|bench:pdf|bench:page|abuse|fuzz|chaos|long|shots|cluster|sbom|docs|build\n",
  );
  process.exit(64);
}

try {
  const { node, pnpm } = await installTools();
  if (task === "sbom") {
    // Writes a CycloneDX list of all packages of the lockfile, for every platform.
    const out = args[0] ?? join(root, "docrelay.cdx.json");
    await command(pnpm, ["sbom", "--sbom-format", "cyclonedx", "--lockfile-only", "--out", out], { cwd: root });
    process.stdout.write(`${out}\n`);
    process.exit();
  }
  await installDependencies(pnpm);
  const env = {
    // The folder in which Node keeps compiled code: later starts compile nothing, which saves half of their CPU time.
    NODE_COMPILE_CACHE: join(cache, "compiled"),
    ...process.env,
    PATH: [dirname(node), dirname(pnpm), process.env.PATH].join(delimiter),
  };
  if (["start", "test", "long", "shots", "bench:page"].includes(task)) await buildWeb(node);
  if (task === "start") await buildPrograms(node);
  const own =
    ["test", "bench", "bench:page", "abuse", "chaos", "long", "shots"].includes(task) ||
    (task === "start" && !env.REDIS_URL);
  if (own) env.DOCRELAY_REDIS_SERVER = await findRedis();
  if (["test", "long", "shots", "bench:page"].includes(task)) env.CHROMIUM_PATH = await findBrowser();
  if (task === "long") await findOtherBrowsers();
  const helm = task === "long" ? await findHelm() : undefined;
  if (helm) env.DOCRELAY_HELM = helm;
  const promtool = task === "long" ? await findPromtool() : undefined;
  if (promtool) env.DOCRELAY_PROMTOOL = promtool;
  if (task === "shots") env.PAGE_SHOTS ??= join(root, "page-shots");
  // The number of inputs of each test, with which all tests together have about a million inputs.
  if (task === "fuzz") env.FUZZ_RUNS ??= "46000";
  const [entry, ...words] = entries[task];
  if (!existsSync(join(root, entry))) throw new Error(`${entry} is missing: the clone is not whole`);
  // The programs of these tasks do not listen to the IPC channel; `end-with-launcher.mjs` makes them end when the
  // channel closes.
  const flags = ["long", "shots", "bench:pdf", "bench:page", "doctor", "fuzz"].includes(task)
    ? ["--import", join(root, "bootstrap/end-with-launcher.mjs")]
    : [];
  const how = { cwd: root, env };
  if (task === "start" && node === process.execPath) await runHere(join(root, entry), how);
  else process.exitCode = await runChild(node, [...flags, join(root, entry), ...words, ...args], how);
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

import { readConfig as readEdgeConfig, schema as edgeSchema } from "@docrelay/edge/config";
import { describeProblems, EXIT_CONFIG } from "@docrelay/platform";
import { settingNames } from "@docrelay/platform/setting-names";
import { readConfig, schema, type Config } from "@docrelay/worker/config";
import { examineBalancer } from "./balancer/examine-balancer.ts";
import { examineEngines } from "./engine/examine-engines.ts";
import { examineFiles } from "./files/examine-files.ts";
import { parseOptions, USAGE, type Options } from "./options.ts";
import { inWords, reportOf, type PartReport } from "./part.ts";
import { examineRedis } from "./redis/examine-redis.ts";
import { misspelled } from "./settings/misspelled.ts";

const EXIT_USAGE = 64;
const options = parseOptions(process.argv.slice(2));
if (!options) {
  process.stderr.write(USAGE);
  process.exit(EXIT_USAGE);
}
const hasRedis = Boolean(process.env["REDIS_URL"] || process.env["REDIS_SENTINELS"]);
// An engine can be examined before there is a Redis. The settings must have an address of a Redis, so they get this
// one, which is then not used.
const env = hasRedis ? process.env : { ...process.env, REDIS_URL: "redis://127.0.0.1:6379" };
const wants = (part: Options["parts"][number]): boolean => options.parts.includes(part);
const parsed = readConfig({ ...env, WORKER_ROLES: wants("engine") ? "ask" : "extract" });
if (!parsed.ok) {
  process.stderr.write(describeProblems("the doctor", parsed.problems));
  process.exit(EXIT_CONFIG);
}
// If the engine is silent, the examination takes as long as an ask would wait, so the user is told that it has begun.
if (process.stderr.isTTY) process.stderr.write("Looking …\n");
const report = reportOf(await examine(parsed.config, options));
process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : inWords(report));
process.exitCode = report.ok ? 0 : 1;

async function examine(config: Config, { url, sizes }: Options): Promise<PartReport[]> {
  const parts: PartReport[] = [];
  if (wants("settings")) parts.push(examineSettings());
  if (wants("redis"))
    parts.push(hasRedis ? await examineRedis(config.redis) : notLookedAt("redis", "REDIS_URL is not set"));
  if (wants("files") && (hasRedis || config.BLOB_STORE !== "redis")) parts.push(await examineFiles(config, hasRedis));
  if (wants("engine")) parts.push(...(await examineEngines(config, { sizes })));
  if (wants("balancer"))
    parts.push(url ? await examineBalancer(url) : notLookedAt("balancer", "give its address: --url http://…"));
  return parts;
}

/**
 * Examines the names of all settings, and the values of an edge's settings. The values of a worker's settings were
 * checked when the doctor itself read them.
 */
function examineSettings(): PartReport {
  const names = [...new Set([...settingNames(schema), ...settingNames(edgeSchema)])];
  // This machine may have only the settings of a worker. So the settings of an edge are checked only if at least one is
  // set that only edges have.
  const hasEdge = settingNames(edgeSchema).some((name) => process.env[name] && !settingNames(schema).includes(name));
  const edge = hasEdge ? readEdgeConfig(env) : undefined;
  const wrong =
    edge === undefined || edge.ok
      ? []
      : edge.problems.map((text) => ({ level: "problem", about: "edge", text }) as const);
  const findings = [...wrong, ...misspelled(process.env, names)];
  const set = names.filter((name) => process.env[name]).length;
  const fine = { level: "ok", about: "names and values", text: `${set} settings are set, and none is wrong` } as const;
  return { part: "settings", address: "", findings: findings.length > 0 ? findings : [fine], settings: {}, facts: {} };
}

function notLookedAt(part: string, text: string): PartReport {
  return { part, address: "", findings: [{ level: "note", about: "not looked at", text }], settings: {}, facts: {} };
}

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createLifecycle, openTracing, type Tracing } from "@docrelay/platform";
import { spawnNode } from "@docrelay/testkit";
import { spreadOf } from "../measure/spread.ts";
import { layOut } from "../report/report-text.ts";

/**
 * Prints the CPU that the five spans of a text ask cost. This process makes the spans of `--rate` asks a second, as an
 * edge and a worker would, and sends them to a collector in another process. The CPU of the same loop without spans is
 * subtracted.
 */
const { values } = parseArgs({
  options: {
    rate: { type: "string", default: "400" },
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "5" },
  },
});
const [rate = 0, seconds = 0, rounds = 0] = [values.rate, values.seconds, values.rounds].map(Number);
const TICK_MS = 10;
const ALL = 1_000_000;
/**
 * The settings that are measured. 50 is the number of traces a second that a worker gets from two edges, which keep 25
 * each by default.
 */
const SETTINGS = [
  { TRACES_PER_SECOND: ALL, OTEL_TRACES_SAMPLER_ARG: 1 },
  { TRACES_PER_SECOND: 50, OTEL_TRACES_SAMPLER_ARG: 1 },
  { TRACES_PER_SECOND: ALL, OTEL_TRACES_SAMPLER_ARG: 0.1 },
  { TRACES_PER_SECOND: ALL, OTEL_TRACES_SAMPLER_ARG: 0 },
];

function makeSpans(tracing: Tracing): void {
  const id = randomUUID();
  const attributes = { "docrelay.ask": id, "docrelay.conversation": id, "docrelay.origin": "socketio" };
  const accept = tracing.begin("accept", { kind: "server", isParentOfClient: true, attributes });
  accept.end({ attributes: { "docrelay.duplicate": false } });
  const parent = accept.traceparent;
  tracing.begin("wait", { parent, at: Date.now(), attributes }).end({ at: Date.now() });
  const engine = tracing.begin("engine", { parent, kind: "client", attributes });
  tracing.begin("engine first text", { parent: engine.traceparent }).end({});
  tracing.begin("stream", { parent: engine.traceparent }).end({});
  engine.end({ attributes: { "docrelay.how": "completed" } });
}

/**
 * Calls `act` for each ask of the schedule, and returns the CPU time in µs that this process used in all, divided by
 * the number of asks.
 */
async function cpuOf(act: () => void): Promise<number> {
  const from = process.cpuUsage();
  const begun = performance.now();
  let asks = 0;
  while (performance.now() - begun < seconds * 1000) {
    const due = Math.floor(((performance.now() - begun) / 1000) * rate);
    for (; asks < due; asks++) act();
    await sleep(TICK_MS);
  }
  const { user, system } = process.cpuUsage(from);
  return (user + system) / asks;
}

async function costOf(setting: (typeof SETTINGS)[number], url: string): Promise<number> {
  const config = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", ...setting } as const;
  const life = createLifecycle(5000);
  const onTrouble = (reason: string): void => void process.stderr.write(`${reason}\n`);
  const tracing = await openTracing(config, { service: "bench", node: "1", life, onTrouble });
  if (!tracing) throw new Error("no tracing");
  const cpu = await cpuOf(() => makeSpans(tracing));
  await life.close();
  return cpu;
}

const sink = spawnNode(fileURLToPath(new URL("../processes/trace-sink.ts", import.meta.url)), { args: [] });
const { port } = JSON.parse(await sink.waitFor(/"listening"/)) as { port: number };
const costs = SETTINGS.map((): number[] => []);
for (let round = 0; round < rounds; round++) {
  const idle = await cpuOf(() => undefined);
  for (const [index, setting] of SETTINGS.entries()) {
    costs[index]?.push((await costOf(setting, `http://127.0.0.1:${port}`)) - idle);
  }
}
await sink.stop();
const rows = SETTINGS.map((setting, index) => {
  const { median = 0, min = 0, max = 0 } = spreadOf(costs[index] ?? []) ?? {};
  const names = Object.entries(setting).map(([name, value]) => `${name}=${value}`);
  return [names.join(" "), `${median.toFixed(0)} µs (${min.toFixed(0)}–${max.toFixed(0)})`];
});
process.stdout.write(layOut([[`spans of an ask, at ${rate} asks/s`, "CPU"], ...rows]));
process.exit();

import { setTimeout as sleep } from "node:timers/promises";
import type { Latency } from "../measure/histogram.ts";
import { nowMs } from "../measure/clock.ts";
import { readOptions } from "../options.ts";
import { describeTally, gatherCrowd, type AskPhase } from "../runs/asks-run.ts";
import { startClosedLoop } from "../runs/closed-loop.ts";
import type { ComparedRow, CompareOptions } from "./compare-options.ts";
import { costsOf, type Costs } from "./costs.ts";
import type { RoundFigures } from "./ratios.ts";
import { measurePdfs, measureUpload } from "./file-rows.ts";
import type { Kind, Shape, System } from "./systems.ts";

export interface Row {
  readonly title: string;
  readonly shape: Shape;
  /** The kinds of systems that this row measures. */
  readonly kinds: readonly Kind[];
  measure(system: System, follow: (show: () => string) => void): Promise<RoundFigures>;
}

/**
 * The number of users. At the default rate each user sends two asks per second, which is within the limits of one user.
 */
const USERS = 200;
const DRAIN_S = 5;
/** A message of 100 bytes. */
const MESSAGE = "what does the second chapter say about it? ".repeat(3).slice(0, 100);

export function rowOf(name: ComparedRow, options: CompareOptions): Row {
  const { rate, streams, connections, durationMs, warmupMs } = options;
  const single: Shape = { protocol: options.protocol ?? "plain", reply: "single", pieces: 1, gapMs: 0 };
  const spaced: Shape = { protocol: options.protocol ?? "socketio", reply: "stream", pieces: 50, gapMs: 20 };
  switch (name) {
    case "asks":
      return {
        title: `asks: ${rate} text asks/s of ${USERS} users, replies of one frame; docrelay over ${single.protocol}`,
        shape: single,
        kinds: ["direct", "docrelay", "relay"],
        measure: (system, follow) => openLoop(system, { ...options, rate, unit: "µs an ask", scale: 1 }, follow),
      };
    case "stream":
      return {
        title: `stream: ${streams} replies/s begun, each of 50 pieces in one second; docrelay over ${spaced.protocol}`,
        shape: spaced,
        kinds: ["direct", "docrelay", "relay"],
        measure: (system, follow) =>
          openLoop(system, { ...options, rate: streams, unit: "ms a stream", scale: 1000 }, follow),
      };
    case "max":
      return {
        title: `max: ${connections} connections, each with one text ask running, replies of one frame; docrelay over ${single.protocol}`,
        shape: single,
        kinds: ["docrelay", "relay"],
        measure: (system, follow) => closedLoop(system, { connections, durationMs, warmupMs }, follow),
      };
    case "upload":
      return {
        title: `upload: a file of 2 MB, edge and Redis ${options.delayMs} ms apart each way`,
        shape: { ...spaced, redisDelayMs: options.delayMs },
        kinds: ["docrelay"],
        measure: measureUpload,
      };
    case "pdfs":
      return {
        title: "pdfs: four users, each sends a PDF of 30 pages and asks about it, again and again",
        shape: { protocol: "socketio", reply: "single", pieces: 1, gapMs: 0, extract: true },
        kinds: ["docrelay", "reader"],
        measure: (system, follow) => measurePdfs(system, { durationMs, warmupMs }, follow),
      };
  }
}

async function openLoop(
  system: System,
  of: { rate: number; durationMs: number; warmupMs: number; unit: string; scale: number },
  follow: (show: () => string) => void,
): Promise<RoundFigures> {
  const { rate, durationMs, warmupMs } = of;
  const words = ["--rate", rate, "--users", USERS, "--drain", DRAIN_S, "--protocol", system.protocol].map(String);
  const urls = system.urls.flatMap((url) => ["--url", url]);
  const parsed = readOptions(["asks", ...words, "--message", MESSAGE, ...urls]);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const tokens = system.redisUrl === undefined ? Array.from({ length: USERS }, () => "none") : undefined;
  using crowd = await gatherCrowd(parsed.options, tokens);
  follow(() => describeTally(crowd.tally));
  const phase = { rate, most: Infinity, warmupMs: 0 };
  await crowd.ask({ ...phase, durationMs: warmupMs });
  const { asked, costs } = await costsOf(system, async () => {
    const asked = await crowd.ask({ ...phase, durationMs });
    return { count: asked.tally.result().replies, asked };
  });
  return { ...figuresOf(asked), ...costFigures(costs, of) };
}

function figuresOf({ tally }: AskPhase): RoundFigures {
  const { latencies, sent, answered, duplicated } = tally.result();
  const at = (name: string): Partial<Latency> => latencies.find((latency) => latency.name === name) ?? {};
  const [first, own, late] = [at("first"), at("first added"), at("late")];
  return {
    "first piece p50 (ms)": first.p50 ?? Number.NaN,
    "first piece p99 (ms)": first.p99 ?? Number.NaN,
    "without the engine's time p50 (ms)": own.p50 ?? Number.NaN,
    "without the engine's time p99 (ms)": own.p99 ?? Number.NaN,
    "generator late p99 (ms)": late.p99 ?? Number.NaN,
    "answered (%)": (100 * answered) / sent,
    duplicated,
  };
}

async function closedLoop(
  system: System,
  of: { connections: number; durationMs: number; warmupMs: number },
  follow: (show: () => string) => void,
): Promise<RoundFigures> {
  const { urls, protocol } = system;
  using loop = await startClosedLoop({ urls, protocol, users: of.connections, message: MESSAGE });
  follow(() => `answered ${loop.answered}, failed ${loop.failed}`);
  await sleep(of.warmupMs);
  const { asked, costs } = await costsOf(system, async () => {
    const [begun, answered, failed] = [nowMs(), loop.answered, loop.failed];
    await sleep(of.durationMs);
    const count = loop.answered - answered;
    return { count, asked: { rate: (count * 1000) / (nowMs() - begun), failed: loop.failed - failed } };
  });
  return { "asks/s": asked.rate, failed: asked.failed, ...costFigures(costs, { unit: "µs an ask", scale: 1 }) };
}

function costFigures(costs: Costs, { unit, scale }: { unit: string; scale: number }): RoundFigures {
  const one = unit.slice(unit.indexOf(" ") + 1);
  return Object.fromEntries(
    Object.entries(costs).map(([name, value]) =>
      name.startsWith("CPU") ? [`${name} (${unit})`, value / scale] : [`Redis ${name} ${one}`, value],
    ),
  );
}

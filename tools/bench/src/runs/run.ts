import { runAsks } from "./asks-run.ts";
import { runConnections } from "./connections-run.ts";
import { runFiles } from "./files-run.ts";
import type { Kind, Options } from "../options.ts";
import { usageOf } from "../measure/process-usage.ts";
import { figure, type Result, type Section } from "../report/result.ts";
import { runStreams } from "./streams-run.ts";

type Runner = (options: Options, follow: (show: () => string) => void) => Promise<Section[]>;

const RUNNERS: Readonly<Record<Kind, Runner>> = {
  connections: runConnections,
  asks: runAsks,
  pdfs: runFiles,
  uploads: runFiles,
  streams: runStreams,
};

/** Makes one run against a deployment. @throws Error with the reason, if the run could not start. */
export async function run(options: Options, follow: (show: () => string) => void): Promise<Result> {
  const { kind, protocol, pid } = options;
  const at = new Date().toISOString();
  const before = pid === undefined ? undefined : await usageOf(pid);
  const sections = await RUNNERS[kind](options, follow);
  const after = pid === undefined ? undefined : await usageOf(pid);
  if (before && after) {
    const figures = [
      figure("CPU", (after.cpuMs - before.cpuMs) / 1000, "s"),
      figure("memory before", before.rssBytes / 1_048_576, "MiB"),
      figure("memory after", after.rssBytes / 1_048_576, "MiB"),
    ];
    sections.push({ title: `process ${pid}`, latencies: [], figures, errors: {} });
  }
  return { kind, protocol, at, settings: settingsOf(options), sections };
}

/** Returns the settings of a run, as its result has them: without addresses and tokens. */
function settingsOf(options: Options): Record<string, number | string> {
  const { urls, users, rate, durationMs, warmupMs, count, atOnce, bytes, pages, kind } = options;
  const common = { urls: urls.length, "duration s": durationMs / 1000 };
  if (kind === "connections") return { ...common, count, "at once": atOnce };
  const asks = { ...common, users, ...(kind === "streams" ? {} : { "asks/s": rate, "warm-up s": warmupMs / 1000 }) };
  if (kind === "uploads") return { ...asks, files: count, "at once": atOnce, bytes };
  if (kind === "pdfs") return { ...asks, "at once": atOnce, pages };
  return asks;
}

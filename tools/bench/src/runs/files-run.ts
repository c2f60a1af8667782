import { askSection, describeTally, gatherCrowd } from "./asks-run.ts";
import type { Options } from "../options.ts";
import { figure, latencyIn, type Section } from "../report/result.ts";
import { takeTokens } from "./session.ts";
import { runSideLoad, type SideResult } from "../side/side-load.ts";

const UPLOADS_MOST_MS = 3_600_000;

/**
 * Measures files beside text: first text asks alone, then the same text asks while files are sent. `uploads` sends all
 * files, which may take up to an hour; `pdfs` sends files for the duration, with one ask about each. Only figures of
 * the same run can be compared.
 */
export async function runFiles(options: Options, follow: (show: () => string) => void): Promise<Section[]> {
  const { kind, rate, durationMs, warmupMs, count, atOnce } = options;
  const uploads = kind === "uploads";
  const sideUsers = Math.min(atOnce, count);
  const tokens = await takeTokens({ ...options, users: sideUsers });
  using crowd = await gatherCrowd(options);
  let sent = { files: 0, bytes: 0 };
  follow(() => `${kind}: ${sent.files} files, ${(sent.bytes / 1e6).toFixed(0)} MB; ${describeTally(crowd.tally)}`);

  const text = { rate, durationMs, warmupMs, most: Number.MAX_SAFE_INTEGER };
  const idle = await crowd.ask(text);

  const over = new AbortController();
  const order = { ...options, kind: uploads ? ("uploads" as const) : ("pdfs" as const), tokens, atOnce: sideUsers };
  const side = runSideLoad({ ...order, durationMs: uploads ? UPLOADS_MOST_MS : durationMs }, (files, bytes) => {
    sent = { files, bytes };
  }).finally(() => over.abort());
  // Text asks continue until the last file has been sent.
  const [files, beside] = await Promise.all([
    side,
    crowd.ask({ ...text, durationMs: UPLOADS_MOST_MS, warmupMs: 0, signal: over.signal }),
  ]);

  const alone = askSection("text alone", idle);
  const together = askSection(`text beside ${kind}`, beside);
  const ratio = (name: string): number => latencyIn(together, name, "p99") / latencyIn(alone, name, "p99");
  return [
    alone,
    { ...together, figures: [...together.figures, figure("first p99, times idle", ratio("first"), "×")] },
    fileSection(kind, files),
  ];
}

function fileSection(title: string, { files, bytes, busy, tookMs, latencies, errors }: SideResult): Section {
  const figures = [
    figure("files", files),
    figure("MB/s", bytes / 1000 / tookMs, "MB/s"),
    figure("took", tookMs / 1000, "s"),
    figure("held back", busy),
  ];
  return { title, latencies, figures, errors };
}

import { nowMs } from "./clock.ts";
import { createHistogram, latencyOf } from "./histogram.ts";
import { inParallel } from "./in-parallel.ts";
import type { Options } from "./options.ts";
import { usageOf } from "./process-usage.ts";
import { openRelaySocket, type RelaySocket } from "./relay-socket.ts";
import { figure, type Section } from "./result.ts";
import { takeTokens } from "./session.ts";

/** Below the default of 50 connections a user. */
const PER_USER = 40;
const CONNECT_MS = 30_000;

/** Opens `count` connections as fast as `atOnce` at a time go, and keeps them idle for the duration. */
export async function runConnections(options: Options, follow: (show: () => string) => void): Promise<Section[]> {
  const { count, urls, atOnce, pid } = options;
  const tokens = await takeTokens({ ...options, users: Math.ceil(count / PER_USER) });
  const times = createHistogram();
  const errors: Record<string, number> = {};
  const open = new Set<RelaySocket>();
  let ended = 0;
  let alive = true;
  follow(() => `connected ${open.size} of ${count}, p99 ${times.percentile(99).toFixed(1)} ms`);

  const before = pid === undefined ? undefined : await usageOf(pid);
  const begun = nowMs();
  await inParallel(count, atOnce, async (index) => {
    const from = nowMs();
    try {
      const socket = await openRelaySocket({
        url: urls[index % urls.length] ?? "",
        token: tokens[Math.floor(index / PER_USER)] ?? "",
        timeoutMs: CONNECT_MS,
        onEvent: () => undefined,
        onEnd: () => void (alive && ended++),
      });
      times.record(nowMs() - from);
      open.add(socket);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors[why] = (errors[why] ?? 0) + 1;
    }
  });
  const took = nowMs() - begun;
  await new Promise((resolve) => setTimeout(resolve, options.durationMs));
  const after = pid === undefined ? undefined : await usageOf(pid);
  const figures = [
    figure("connected", open.size),
    figure("connects/s", (open.size * 1000) / took, "1/s"),
    figure("ended while idle", ended),
  ];
  if (before && after) {
    figures.push(
      figure("memory per connection", (after.rssBytes - before.rssBytes) / Math.max(1, open.size) / 1024, "KiB"),
      figure("CPU per connect", (after.cpuMs - before.cpuMs) / Math.max(1, open.size), "ms"),
    );
  }
  alive = false;
  for (const socket of open) socket.close();
  return [{ title: "connections", latencies: [latencyOf("connect", times)], figures, errors }];
}

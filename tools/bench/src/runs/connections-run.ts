import { setTimeout as sleep } from "node:timers/promises";
import { nowMs } from "../measure/clock.ts";
import { createHistogram, latencyOf, type Histogram } from "../measure/histogram.ts";
import { inParallel } from "./in-parallel.ts";
import type { Options } from "../options.ts";
import { usageOf } from "../measure/process-usage.ts";
import { openRelaySocket, type RelaySocket } from "../talkers/relay-socket.ts";
import { figure, type Section } from "../report/result.ts";
import { takeTokens } from "./session.ts";

/** How many connections each user opens: fewer than the default limit of 50. */
const PER_USER = 40;
const CONNECT_MS = 30_000;
const WARM_MOST = 1000;
const SETTLE_MS = 1000;

/**
 * Opens `count` connections, at most `atOnce` at the same time, and keeps them idle for the duration. Before that, a
 * tenth as many, at most 1,000, are opened and closed, so that memory that a process allocates only once is not counted
 * as memory of a connection.
 */
export async function runConnections(options: Options, follow: (show: () => string) => void): Promise<Section[]> {
  const { count, durationMs, pid } = options;
  const warm = Math.min(WARM_MOST, Math.ceil(count / 10));
  const tokens = await takeTokens({ ...options, users: Math.ceil(count / PER_USER) + Math.ceil(warm / PER_USER) });
  follow(() => "warming up");
  const first = await open(options, warm, tokens.slice(-Math.ceil(warm / PER_USER)), createHistogram());
  first.close();
  await sleep(SETTLE_MS);

  const times = createHistogram();
  follow(() => `connected ${times.count} of ${count}, p99 ${times.percentile(99).toFixed(1)} ms`);
  const before = pid === undefined ? undefined : await usageOf(pid);
  const begun = nowMs();
  const crowd = await open(options, count, tokens, times);
  const took = nowMs() - begun;
  await sleep(durationMs);
  const after = pid === undefined ? undefined : await usageOf(pid);
  const { connected, errors } = crowd;
  const figures = [
    figure("connected", connected),
    figure("connects/s", (connected * 1000) / took, "1/s"),
    figure("ended while idle", crowd.ended()),
  ];
  if (before && after) {
    figures.push(
      figure("memory per connection", (after.rssBytes - before.rssBytes) / Math.max(1, connected) / 1024, "KiB"),
      figure("CPU per connect", (after.cpuMs - before.cpuMs) / Math.max(1, connected), "ms"),
    );
  }
  crowd.close();
  return [{ title: "connections", latencies: [latencyOf("connect", times)], figures, errors }];
}

interface Crowd {
  readonly connected: number;
  readonly errors: Readonly<Record<string, number>>;
  ended(): number;
  close(): void;
}

async function open(of: Options, count: number, tokens: readonly string[], times: Histogram): Promise<Crowd> {
  const errors: Record<string, number> = {};
  const sockets = new Set<RelaySocket>();
  let ended = 0;
  await inParallel(count, of.atOnce, async (index) => {
    const from = nowMs();
    try {
      const socket = await openRelaySocket({
        url: of.urls[index % of.urls.length] ?? "",
        token: tokens[Math.floor(index / PER_USER)] ?? "",
        timeoutMs: CONNECT_MS,
        onEvent: () => undefined,
        onEnd: () => void ended++,
      });
      times.record(nowMs() - from);
      sockets.add(socket);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors[why] = (errors[why] ?? 0) + 1;
    }
  });
  return {
    connected: sockets.size,
    errors,
    ended: () => ended,
    close() {
      for (const socket of sockets) socket.close();
    },
  };
}

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createAskTally, type AskTally } from "../measure/ask-tally.ts";
import { askSection, describeTally } from "./asks-run.ts";
import { nowMs } from "../measure/clock.ts";
import { createHistogram, latencyOf } from "../measure/histogram.ts";
import { inParallel } from "./in-parallel.ts";
import type { Options } from "../options.ts";
import { figure, type Section } from "../report/result.ts";
import { takeTokens } from "./session.ts";
import { openTalker } from "../talkers/open-talker.ts";
import type { Talker } from "../talkers/talker.ts";

const CONNECT_MS = 15_000;
const LOOK_MS = 50;
/** The pause between two asks of a user, in ms: an edge accepts five a second from each user. */
const PAUSE_MS = 250;

/**
 * Runs a closed loop: every user reads the reply to an ask, and asks again a moment after its end. Measures how
 * steadily the text arrives.
 */
export async function runStreams(options: Options, follow: (show: () => string) => void): Promise<Section[]> {
  const { users, urls, protocol, durationMs, count, message } = options;
  const tokens = await takeTokens(options);
  const inner = createAskTally(protocol === "socketio");
  const between = createHistogram();
  const lastPiece = new Map<string, number>();
  let asks = 0;
  let stopped = false;
  const talkers: Talker[] = [];

  const tally: AskTally = {
    ...inner,
    get running() {
      return inner.running;
    },
    get progress() {
      return inner.progress;
    },
    text(ask, piece, at) {
      const last = lastPiece.get(ask);
      if (last !== undefined) between.record(at - last);
      lastPiece.set(ask, at);
      inner.text(ask, piece, at);
    },
    ended(ask, how, at) {
      lastPiece.delete(ask);
      inner.ended(ask, how, at);
    },
  };
  function askNext(talker: Talker): void {
    if (stopped || asks >= count) return;
    asks++;
    const id = randomUUID();
    const now = nowMs();
    tally.sent(id, now, now, true);
    talker.ask(id, message);
  }

  follow(() => describeTally(inner));
  await inParallel(users, 32, async (index) => {
    const talker: Talker = await openTalker(protocol, {
      url: urls[index % urls.length] ?? "",
      token: tokens[index] ?? "",
      timeoutMs: CONNECT_MS,
      tally: () => tally,
      onEnded: () => void setTimeout(() => askNext(talker), PAUSE_MS),
    });
    talkers.push(talker);
  });
  const begun = nowMs();
  for (const talker of talkers) askNext(talker);
  while (nowMs() - begun < durationMs && asks < count) await sleep(LOOK_MS);
  stopped = true;
  const measuredMs = nowMs() - begun;
  const eventsLive = inner.result().events;
  const end = nowMs() + options.drainMs;
  while (inner.running > 0 && nowMs() < end) await sleep(LOOK_MS);
  await inParallel(talkers.length, 32, async (index) => talkers[index]?.catchUp().catch(() => undefined));
  for (const talker of talkers) talker.close();
  const section = askSection("streams", { tally: inner, measuredMs });
  return [
    {
      ...section,
      latencies: [...section.latencies, latencyOf("between pieces", between)],
      figures: [...section.figures, figure("events/s", (eventsLive * 1000) / measuredMs, "1/s")],
    },
  ];
}

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createAskTally, type AskTally } from "../measure/ask-tally.ts";
import { nowMs } from "../measure/clock.ts";
import { inParallel } from "./in-parallel.ts";
import type { Options } from "../options.ts";
import { figure, type Section } from "../report/result.ts";
import { runSchedule } from "../measure/schedule.ts";
import { takeTokens } from "./session.ts";
import { openTalker } from "../talkers/open-talker.ts";

const CONNECT_MS = 15_000;
const CONNECT_AT_ONCE = 32;
const LOOK_MS = 50;
const CATCH_UP_AT_ONCE = 64;

/** Connected users that send asks. */
export interface Crowd extends Disposable {
  /** Counts the asks of the current phase; each phase has its own tally. */
  tally: AskTally;
  /**
   * Sends asks by schedule, each from the next user. Resolves when all asks of the phase have ended, or the time to
   * wait for them is over.
   */
  ask(of: {
    rate: number;
    durationMs: number;
    most: number;
    warmupMs: number;
    signal?: AbortSignal;
  }): Promise<AskPhase>;
}

export interface AskPhase {
  readonly tally: AskTally;
  readonly measuredMs: number;
}

/**
 * Connects `users` users. @param given one token for each user, for a target that issues none. @throws Error when a
 * user cannot be connected.
 */
export async function gatherCrowd(options: Options, given?: readonly string[]): Promise<Crowd> {
  const tokens = given ?? (await takeTokens(options));
  const acknowledged = options.protocol === "socketio";
  const crowd = { tally: createAskTally(acknowledged) };
  const talkers = await inParallel(options.users, CONNECT_AT_ONCE, (index) =>
    openTalker(options.protocol, {
      url: options.urls[index % options.urls.length] ?? "",
      token: tokens[index] ?? "",
      timeoutMs: CONNECT_MS,
      tally: () => crowd.tally,
    }),
  );

  async function drain(tally: AskTally): Promise<void> {
    const end = nowMs() + options.drainMs;
    while (tally.running > 0 && nowMs() < end) await sleep(LOOK_MS);
    // Events that did not arrive live may still be in the log. So the logs are read: an ask is lost only if its
    // terminal event is not there either.
    await inParallel(talkers.length, CATCH_UP_AT_ONCE, async (index) => {
      await talkers[index]?.catchUp().catch(() => undefined); // if this fails, the user's unfinished asks count as lost
    });
  }

  return Object.assign(crowd, {
    async ask(of: Parameters<Crowd["ask"]>[0]): Promise<AskPhase> {
      const tally = createAskTally(acknowledged);
      crowd.tally = tally;
      let next = 0;
      const arrive = (scheduledAt: number, measured: boolean): void => {
        const id = randomUUID();
        const talker = talkers[next++ % talkers.length];
        tally.sent(id, scheduledAt, nowMs(), measured);
        talker?.ask(id, options.message);
      };
      const warm = { ...of, durationMs: of.warmupMs };
      if (of.warmupMs > 0) await runSchedule(warm, (_, scheduledAt) => arrive(scheduledAt, false));
      const begun = nowMs();
      await runSchedule(of, (_, scheduledAt) => arrive(scheduledAt, true));
      const measuredMs = nowMs() - begun;
      await drain(tally);
      return { tally, measuredMs };
    },
    [Symbol.dispose]() {
      for (const talker of talkers) talker.close();
    },
  });
}

/** Returns the section of a report about one phase of asks. */
export function askSection(title: string, { tally, measuredMs }: AskPhase): Section {
  const { sent, answered, errors, lost, unacknowledged, duplicated, gaps, events, replies, latencies } = tally.result();
  return {
    title,
    latencies,
    errors,
    figures: [
      figure("asks", sent),
      figure("answered", answered),
      figure("asks/s", (sent * 1000) / measuredMs, "1/s"),
      figure("lost", lost),
      figure("unacknowledged", unacknowledged),
      figure("duplicated", duplicated),
      figure("gaps", gaps),
      figure("events per answer", replies === 0 ? 0 : events / replies),
    ],
  };
}

export function describeTally({ progress, running }: AskTally): string {
  return `asks ${progress.sent}, answered ${progress.answered}, running ${running}, first p99 ${progress.firstP99.toFixed(1)} ms`;
}

/** Sends asks at a fixed rate (open loop). */
export async function runAsks(options: Options, follow: (show: () => string) => void): Promise<Section[]> {
  using crowd = await gatherCrowd(options);
  follow(() => describeTally(crowd.tally));
  const { rate, durationMs, warmupMs, count: most } = options;
  const phase = await crowd.ask({ rate, durationMs, warmupMs, most });
  return [askSection("asks", phase)];
}

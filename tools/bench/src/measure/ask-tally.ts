import { createHistogram, latencyOf, type Latency } from "./histogram.ts";

/** Counts what happens to asks, as their readers see it. All times are ms of one clock. It does no I/O. */
export interface AskTally {
  /** `measured` is false during the warm-up: then the ask counts only when it is lost or ends twice. */
  sent(ask: string, scheduledAt: number, sentAt: number, measured: boolean): void;
  /** Acknowledged, or refused with `code`. */
  acked(ask: string, at: number, code?: string): void;
  extracted(ask: string, at: number): void;
  /** A piece of the reply. */
  text(ask: string, piece: string, at: number): void;
  /** The terminal event: `completed`, `cancelled`, or the code of a failure. */
  ended(ask: string, how: string, at: number): void;
  /** The connection of this ask has closed: the ask is no longer waited for. */
  dropped(ask: string): void;
  /** An event arrived for a second time. */
  repeated(): void;
  /** Events did not arrive live; they are read from the log. */
  gap(): void;
  event(): void;
  /** Asks acknowledged (or, where there are no acknowledgements, sent) and not ended. */
  readonly running: number;
  readonly progress: { readonly sent: number; readonly answered: number; readonly firstP99: number };
  result(): AskResult;
}

export interface AskResult {
  readonly sent: number;
  readonly answered: number;
  /** Refused or failed, by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Acknowledged, but without a terminal event when the run ended. */
  readonly lost: number;
  /** Sent, but neither acknowledged nor refused. */
  readonly unacknowledged: number;
  readonly duplicated: number;
  readonly gaps: number;
  /** All asks, including those of the warm-up. */
  readonly events: number;
  /** All replies that ended, including those of the warm-up. */
  readonly replies: number;
  readonly latencies: readonly Latency[];
}

interface Waiting {
  readonly scheduledAt: number;
  readonly sentAt: number;
  readonly measured: boolean;
  acked: boolean;
  ackedAt: number;
  first: boolean;
}

/** The private cluster's engine begins its reply with two times: prompt received and reply sent, in µs. */
const STAMP = /^@(\d+),(\d+)@/;
/** How many ended asks are remembered, to notice a second end. */
const REMEMBERED = 100_000;

/** @param acknowledged false for a protocol without acknowledgements: there a sent ask counts as acknowledged. */
export function createAskTally(acknowledged = true): AskTally {
  const waiting = new Map<string, Waiting>();
  const ended = new Set<string>();
  const errors: Record<string, number> = {};
  const [late, ack, extract, first, whole] = [0, 0, 0, 0, 0].map(createHistogram);
  const [added, up, down] = [0, 0, 0].map(createHistogram);
  let sent = 0;
  let answered = 0;
  let duplicated = 0;
  let gaps = 0;
  let events = 0;
  let replies = 0;

  function forget(ask: string): void {
    waiting.delete(ask);
    ended.add(ask);
    const [oldest] = ended;
    if (ended.size > REMEMBERED && oldest !== undefined) ended.delete(oldest);
  }
  const miss = (code: string): void => void (errors[code] = (errors[code] ?? 0) + 1);

  return {
    sent(ask, scheduledAt, sentAt, measured) {
      waiting.set(ask, { scheduledAt, sentAt, measured, acked: !acknowledged, ackedAt: sentAt, first: false });
      if (!measured) return;
      sent++;
      late?.record(sentAt - scheduledAt);
    },
    acked(ask, at, code) {
      const one = waiting.get(ask);
      if (!one) return;
      if (code !== undefined) {
        miss(code);
        return forget(ask);
      }
      one.acked = true;
      one.ackedAt = at;
      if (one.measured) ack?.record(at - one.scheduledAt);
    },
    extracted(ask, at) {
      const one = waiting.get(ask);
      if (one?.measured) extract?.record(at - one.sentAt);
    },
    text(ask, piece, at) {
      const one = waiting.get(ask);
      if (!one || one.first || piece === "") return;
      one.first = true;
      if (!one.measured) return;
      first?.record(at - one.scheduledAt);
      const [, got, said] = STAMP.exec(piece) ?? [];
      if (got === undefined || said === undefined) return;
      up?.record(Number(got) / 1000 - one.sentAt);
      down?.record(at - Number(said) / 1000);
      added?.record(at - one.sentAt - (Number(said) - Number(got)) / 1000);
    },
    ended(ask, how, at) {
      const one = waiting.get(ask);
      if (!one) {
        if (ended.has(ask)) duplicated++;
        return;
      }
      forget(ask);
      if (how !== "completed") return miss(how);
      replies++;
      if (!one.measured) return;
      answered++;
      whole?.record(at - one.scheduledAt);
    },
    dropped(ask) {
      if (waiting.has(ask)) miss("connection");
      forget(ask);
    },
    repeated: () => void duplicated++,
    gap: () => void gaps++,
    event: () => void events++,
    get running() {
      return waiting.size;
    },
    get progress() {
      return { sent, answered, firstP99: first?.percentile(99) ?? 0 };
    },
    result() {
      const left = [...waiting.values()];
      const named = { late, ack, extracted: extract, first, "first added": added, up, down, whole };
      return {
        sent,
        answered,
        errors,
        lost: left.filter((one) => one.acked).length,
        unacknowledged: left.filter((one) => !one.acked).length,
        duplicated,
        gaps,
        events,
        replies,
        latencies: Object.entries(named).flatMap(([name, histogram]) =>
          histogram && histogram.count > 0 ? [latencyOf(name, histogram)] : [],
        ),
      };
    },
  };
}

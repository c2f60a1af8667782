import { createHistogram, latencyOf, type Histogram, type Latency } from "./histogram.ts";

/**
 * Counts what the readers of asks see: each function is called when the described event happens. Times are in ms of
 * {@link nowMs}.
 */
export interface AskTally {
  /**
   * An ask was sent. `measured` is false during the warm-up: then `sent`, `answered` and the latencies leave the ask
   * out, and all other figures include it.
   */
  sent(ask: string, scheduledAt: number, sentAt: number, measured: boolean): void;
  /** The ask was acknowledged, or refused with `code`. */
  acked(ask: string, at: number, code?: string): void;
  extracted(ask: string, at: number): void;
  /** A part of the reply's text has arrived. */
  text(ask: string, piece: string, at: number): void;
  /** The terminal event has arrived: `completed`, `cancelled`, or the code of a failure. */
  ended(ask: string, how: string, at: number): void;
  /** The connection of this ask has closed: the ask is no longer waited for. */
  dropped(ask: string): void;
  /** An event arrived for a second time. */
  repeated(): void;
  /** Events did not arrive live; the client reads them from the log. */
  gap(): void;
  event(): void;
  /** How many asks were sent and have neither ended nor been refused or dropped. */
  readonly running: number;
  readonly progress: { readonly sent: number; readonly answered: number; readonly firstP99: number };
  result(): AskResult;
}

export interface AskResult {
  readonly sent: number;
  readonly answered: number;
  /** Refused or failed asks, by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Acknowledged asks without a terminal event at the end of the run. */
  readonly lost: number;
  /** Asks that were neither acknowledged nor refused. */
  readonly unacknowledged: number;
  readonly duplicated: number;
  readonly gaps: number;
  /** The events of all asks, including those of the warm-up. */
  readonly events: number;
  /** All completed replies, including those of the warm-up. */
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

/**
 * Matches the two times with which the private cluster's engine begins each reply, in µs: when it received the prompt,
 * and when it sent the reply.
 */
const STAMP = /^@(\d+),(\d+)@/;
/** How many ended asks are kept in memory, to notice a second terminal event. */
const REMEMBERED = 100_000;

interface State {
  readonly waiting: Map<string, Waiting>;
  /** The asks that lately ended, or were refused or dropped. */
  readonly over: Set<string>;
  readonly errors: Record<string, number>;
  readonly times: Readonly<Record<"late" | "ack" | "extract" | "first" | "whole" | "added" | "up" | "down", Histogram>>;
  readonly counts: {
    sent: number;
    answered: number;
    duplicated: number;
    gaps: number;
    events: number;
    replies: number;
  };
}

/**
 * Creates a tally. @param acknowledged false for a protocol without acknowledgements, in which a sent ask counts as
 * acknowledged.
 */
export function createAskTally(acknowledged = true): AskTally {
  const state = newState();
  const { waiting, times, counts } = state;
  return {
    sent(ask, scheduledAt, sentAt, measured) {
      waiting.set(ask, { scheduledAt, sentAt, measured, acked: !acknowledged, ackedAt: sentAt, first: false });
      if (!measured) return;
      counts.sent++;
      times.late.record(sentAt - scheduledAt);
    },
    acked: (ask, at, code) => acked(state, ask, at, code),
    extracted(ask, at) {
      const one = waiting.get(ask);
      if (one?.measured) times.extract.record(at - one.sentAt);
    },
    text(ask, piece, at) {
      const one = waiting.get(ask);
      if (one && !one.first && piece !== "") first(state, one, piece, at);
    },
    ended: (ask, how, at) => ended(state, ask, how, at),
    dropped(ask) {
      if (waiting.has(ask)) miss(state, "connection");
      forget(state, ask);
    },
    repeated: () => void counts.duplicated++,
    gap: () => void counts.gaps++,
    event: () => void counts.events++,
    get running() {
      return waiting.size;
    },
    get progress() {
      return { sent: counts.sent, answered: counts.answered, firstP99: times.first.percentile(99) };
    },
    result: () => resultOf(state),
  };
}

function newState(): State {
  const [late, ack, extract, first] = [createHistogram(), createHistogram(), createHistogram(), createHistogram()];
  const [whole, added, up, down] = [createHistogram(), createHistogram(), createHistogram(), createHistogram()];
  return {
    waiting: new Map(),
    over: new Set(),
    errors: {},
    times: { late, ack, extract, first, whole, added, up, down },
    counts: { sent: 0, answered: 0, duplicated: 0, gaps: 0, events: 0, replies: 0 },
  };
}

function forget({ waiting, over }: State, ask: string): void {
  waiting.delete(ask);
  over.add(ask);
  const [oldest] = over;
  if (over.size > REMEMBERED && oldest !== undefined) over.delete(oldest);
}

function miss({ errors }: State, code: string): void {
  errors[code] = (errors[code] ?? 0) + 1;
}

function acked(state: State, ask: string, at: number, code?: string): void {
  const one = state.waiting.get(ask);
  if (!one) return;
  if (code !== undefined) {
    miss(state, code);
    return forget(state, ask);
  }
  one.acked = true;
  one.ackedAt = at;
  if (one.measured) state.times.ack.record(at - one.scheduledAt);
}

/** Records the first text of a reply. */
function first({ times }: State, one: Waiting, piece: string, at: number): void {
  one.first = true;
  if (!one.measured) return;
  times.first.record(at - one.scheduledAt);
  const [, got, said] = STAMP.exec(piece) ?? [];
  if (got === undefined || said === undefined) return;
  times.up.record(Number(got) / 1000 - one.sentAt);
  times.down.record(at - Number(said) / 1000);
  times.added.record(at - one.sentAt - (Number(said) - Number(got)) / 1000);
}

function ended(state: State, ask: string, how: string, at: number): void {
  const { waiting, over, times, counts } = state;
  const one = waiting.get(ask);
  if (!one) {
    if (over.has(ask)) counts.duplicated++;
    return;
  }
  forget(state, ask);
  if (how !== "completed") return miss(state, how);
  counts.replies++;
  if (!one.measured) return;
  counts.answered++;
  times.whole.record(at - one.scheduledAt);
}

function resultOf({ waiting, errors, times, counts }: State): AskResult {
  const left = [...waiting.values()];
  const { late, ack, extract, first, added, up, down, whole } = times;
  const named = { late, ack, extracted: extract, first, "first added": added, up, down, whole };
  return {
    ...counts,
    errors,
    lost: left.filter((one) => one.acked).length,
    unacknowledged: left.filter((one) => !one.acked).length,
    latencies: Object.entries(named).flatMap(([name, histogram]) =>
      histogram.count > 0 ? [latencyOf(name, histogram)] : [],
    ),
  };
}

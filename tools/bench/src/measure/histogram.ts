import { createHistogram as createNodeHistogram, type RecordableHistogram } from "node:perf_hooks";

/**
 * Records times in ms with three significant digits, from 1 µs to 35 minutes; a time outside of this range is recorded
 * as its nearest end.
 */
export interface Histogram {
  record(ms: number): void;
  add(other: Histogram): void;
  readonly count: number;
  /** The largest recorded time; 0 when empty. */
  readonly max: number;
  /** Returns the time that `p` percent (0..100) of the recorded times do not exceed; 0 when empty. */
  percentile(p: number): number;
}

/** Used in place of the percentile 0, which Node's histogram does not accept. */
const MIN_PERCENT = 1e-6;
/** The largest time that can be recorded, in µs: about 35 minutes. */
const TOP_US = 2 ** 31 - 1;

/**
 * Uses Node's HDR histogram, whose memory is fixed. Keeping all times to sort them would take memory without a bound.
 */
export function createHistogram(): Histogram {
  const times = createNodeHistogram({ lowest: 1, highest: TOP_US, figures: 3 });
  const histogram: Histogram = {
    add(other) {
      const others = timesOf.get(other);
      if (others) times.add(others);
    },
    record(ms) {
      times.record(Math.min(TOP_US, Math.max(1, Math.round(ms * 1000))));
    },
    get count() {
      return times.count;
    },
    get max() {
      return times.count === 0 ? 0 : times.max / 1000;
    },
    percentile(p) {
      return times.count === 0 ? 0 : times.percentile(Math.max(MIN_PERCENT, p)) / 1000;
    },
  };
  timesOf.set(histogram, times);
  return histogram;
}

const timesOf = new WeakMap<Histogram, RecordableHistogram>();

/** The summary of a histogram for reports; all values in ms. */
export interface Latency {
  readonly name: string;
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** `[percentile, ms]`, rising: the points of a curve. */
  readonly curve: ReadonlyArray<readonly [number, number]>;
}

const CURVE = [0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 100];

export function latencyOf(name: string, histogram: Histogram): Latency {
  const at = (p: number): number => roundMs(histogram.percentile(p));
  return {
    name,
    count: histogram.count,
    p50: at(50),
    p95: at(95),
    p99: at(99),
    max: roundMs(histogram.max),
    curve: CURVE.map((p) => [p, at(p)] as const),
  };
}

function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Times in ms, in a fixed amount of memory: each is kept to within 0.8 %, from 1 µs to 35 minutes. */
export interface Histogram {
  record(ms: number): void;
  readonly count: number;
  /** Largest recorded, exactly; 0 when empty. */
  readonly max: number;
  readonly mean: number;
  /** The time that `p` percent (0..100) of the recorded ones do not exceed; 0 when empty. */
  percentile(p: number): number;
}

/*
 * Buckets as of HdrHistogram: whole µs below 128, then 64 to each power of two. Sorting all samples instead would be
 * exact, and without a bound.
 */
const LINEAR = 128;
const PER_POWER = 64;
const TOP = 2 ** 31 - 1;
const BUCKETS = bucketOf(TOP) + 1;

function bucketOf(us: number): number {
  if (us < LINEAR) return us;
  const shift = 25 - Math.clz32(us);
  return LINEAR + (shift - 1) * PER_POWER + (us >>> shift) - PER_POWER;
}

/** The middle of a bucket, in µs. */
function middleOf(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const shift = Math.floor((bucket - LINEAR) / PER_POWER) + 1;
  const mantissa = PER_POWER + ((bucket - LINEAR) % PER_POWER);
  return (mantissa + 0.5) * 2 ** shift;
}

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(BUCKETS);
  let count = 0;
  let sum = 0;
  let max = 0;
  return {
    record(ms) {
      const kept = Math.max(0, ms);
      const bucket = bucketOf(Math.min(TOP, Math.round(kept * 1000)));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count++;
      sum += kept;
      if (kept > max) max = kept;
    },
    get count() {
      return count;
    },
    get max() {
      return max;
    },
    get mean() {
      return count === 0 ? 0 : sum / count;
    },
    percentile(p) {
      if (count === 0) return 0;
      const wanted = Math.max(1, Math.ceil((count * p) / 100));
      let seen = 0;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        seen += buckets[bucket] ?? 0;
        if (seen >= wanted) return Math.min(max, middleOf(bucket) / 1000);
      }
      return max;
    },
  };
}

/** A histogram in numbers, as reports hold it; all in ms. */
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

import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  /** Returns all metrics in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** Adds a gauge. `read` returns its value whenever the metrics are read. */
  gauge(name: string, help: string, read: () => number): Gauge;
  /** Adds gauges of one object, which is read once whenever the metrics are read. */
  gauges<F extends string>(
    names: { readonly [Field in F]: readonly [name: string, help: string] },
    read: () => Readonly<Record<F, number>>,
  ): void;
  histogram<L extends string>(name: string, help: string, buckets: number[], labels?: readonly L[]): Histogram<L>;
}

/**
 * Creates a registry of metrics, which already has those of the Node process. A label must not have an id as its value,
 * because each value makes another time series.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const fill: Array<() => void> = [];
  return {
    async text() {
      for (const one of fill) one();
      return registry.metrics();
    },
    contentType: registry.contentType,
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge(name, help, read) {
      return new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    gauges(names, read) {
      const fields = Object.keys(names) as Array<keyof typeof names>;
      const all = fields.map((field) => {
        const [name, help] = names[field];
        return [field, new Gauge({ name, help, registers })] as const;
      });
      fill.push(() => {
        const values = read();
        for (const [field, gauge] of all) gauge.set(values[field]);
      });
    },
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets, labelNames: [...labels], registers }),
  };
}

/** Measures the delay of the event loop. `p99Ms`: the delay's 99th percentile in the last whole second, in ms. */
export interface LoopDelay extends Disposable {
  p99Ms(): number;
}

export function createLoopDelay(): LoopDelay {
  const resolution = 10;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let last = 0;
  const timer = setInterval(() => {
    // The histogram records the whole time between two runs of its timer, so the timer's period is subtracted.
    last = Math.max(0, histogram.percentile(99) / 1e6 - resolution);
    histogram.reset();
  }, 1000);
  timer.unref();
  return {
    p99Ms: () => last,
    [Symbol.dispose]() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

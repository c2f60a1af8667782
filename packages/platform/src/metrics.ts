import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export interface Metrics {
  /** Everything as Prometheus reads it. */
  text(): Promise<string>;
  readonly contentType: string;
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** A gauge whose value is asked for when it is read. */
  gauge(name: string, help: string, read: () => number): Gauge;
  histogram<L extends string>(name: string, help: string, buckets: number[], labels?: readonly L[]): Histogram<L>;
}

/** A registry of one process, with the runtime's own metrics in it. Labels never hold ids. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    text: () => registry.metrics(),
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
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets, labelNames: [...labels], registers }),
  };
}

/** How late the event loop is: p99 in ms over the time since the last reading, but over a second at least. */
export interface LoopDelay extends Disposable {
  p99Ms(): number;
}

export function createLoopDelay(): LoopDelay {
  const resolution = 10;
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let last = 0;
  const timer = setInterval(() => {
    // The histogram holds whole timer periods: its own resolution is not delay.
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

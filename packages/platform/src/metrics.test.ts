import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { createLoopDelay, createMetrics } from "./metrics.ts";

describe("metrics", () => {
  it("have a registry of their own, so that two in one process do not collide", async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.counter("same_total", "x").inc();
    two.counter("same_total", "x").inc(5);
    expect(await one.text()).toContain("same_total 1");
    expect(await two.text()).toContain("same_total 5");
    expect(one.contentType).toContain("text/plain");
  });

  it("read the value of a gauge when they are read", async () => {
    const metrics = createMetrics();
    let value = 1;
    metrics.gauge("open", "x", () => value);
    expect(await metrics.text()).toContain("open 1");
    value = 2;
    expect(await metrics.text()).toContain("open 2");
  });

  it("read an object of many gauges once", async () => {
    const metrics = createMetrics();
    let reads = 0;
    metrics.gauges({ a: ["first", "x"], b: ["second", "y"] }, () => ({ a: ++reads, b: 10 * reads }));
    expect(await metrics.text()).toMatch(/first 1\n[^]*second 10\n/);
    expect(await metrics.text()).toMatch(/first 2\n[^]*second 20\n/);
  });
});

describe("the delay of the event loop", () => {
  it("is measured during a long computation, without the resolution of the histogram", async () => {
    using delay = createLoopDelay();
    expect(delay.p99Ms()).toBe(0);
    await eventually(() => {
      const end = performance.now() + 60;
      while (performance.now() < end);
      return delay.p99Ms() >= 20;
    });
  });
});

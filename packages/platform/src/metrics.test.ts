import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { createLoopDelay, createMetrics } from "./metrics.ts";

describe("metrics", () => {
  it("are a registry of their own, so that two in one process do not collide", async () => {
    const [one, two] = [createMetrics(), createMetrics()];
    one.counter("same_total", "x").inc();
    two.counter("same_total", "x").inc(5);
    expect(await one.text()).toContain("same_total 1");
    expect(await two.text()).toContain("same_total 5");
    expect(one.contentType).toContain("text/plain");
  });

  it("ask a gauge for its value when they are read", async () => {
    const metrics = createMetrics();
    let value = 1;
    metrics.gauge("open", "x", () => value);
    expect(await metrics.text()).toContain("open 1");
    value = 2;
    expect(await metrics.text()).toContain("open 2");
  });
});

describe("the loop's delay", () => {
  it("is seen when something computes for long, without the histogram's own resolution", async () => {
    using delay = createLoopDelay();
    expect(delay.p99Ms()).toBe(0);
    await eventually(() => {
      const end = performance.now() + 60;
      while (performance.now() < end);
      return delay.p99Ms() >= 20;
    });
  });
});

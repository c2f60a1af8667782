import { describe, expect, it } from "vitest";
import { createHealth } from "./health.ts";

describe("health", () => {
  it("is ready when every check passes, and names a check that fails, without its cause", async () => {
    const health = createHealth();
    expect(await health.ready()).toEqual({ ready: true, draining: false, checks: {} });
    const other = createHealth();
    other.check("redis", async () => "PONG");
    other.check("fan-out", async () => Promise.reject(new Error("password hunter2 refused")));
    const readiness = await other.ready();
    expect(readiness).toEqual({ ready: false, draining: false, checks: { redis: "ok", "fan-out": "failed" } });
  });

  it("counts a check that hangs as failed", async () => {
    const health = createHealth();
    health.check("redis", () => new Promise(() => undefined));
    expect((await health.ready()).checks).toEqual({ redis: "failed" });
  });

  it("counts a check that throws at once as failed", async () => {
    const health = createHealth();
    health.check("redis", () => {
      throw new Error("at once");
    });
    expect((await health.ready()).ready).toBe(false);
  });

  it("runs the checks at most every 250 ms, however often it is asked", async () => {
    let now = 0;
    let asked = 0;
    const health = createHealth(() => now);
    health.check("redis", async () => ++asked);
    await Promise.all([health.ready(), health.ready(), health.ready()]);
    now = 250;
    await health.ready();
    expect(asked).toBe(1);
    now = 251;
    await health.ready();
    expect(asked).toBe(2);
  });

  it("is not ready as soon as it drains", async () => {
    const health = createHealth(() => 0);
    health.check("redis", async () => true);
    expect((await health.ready()).ready).toBe(true);
    health.drain();
    expect(health.draining).toBe(true);
    expect(await health.ready()).toEqual({ ready: false, draining: true, checks: { redis: "ok" } });
  });
});

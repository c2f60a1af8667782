import { describe, expect, it } from "vitest";
import { createAskTally, type AskResult } from "./ask-tally.ts";

const latency = (result: AskResult, name: string): number | undefined =>
  result.latencies.find((one) => one.name === name)?.p50;

describe("a tally of asks", () => {
  it("takes latencies from the scheduled time, and the relay's share from the sending, without the engine's", () => {
    const tally = createAskTally();
    tally.sent("a", 100, 102, true);
    tally.acked("a", 105);
    tally.text("a", "@104000,106000@ one", 110);
    tally.text("a", "@1,2@ a later piece changes nothing", 500);
    tally.ended("a", "completed", 120);
    const result = tally.result();
    expect(result).toMatchObject({ sent: 1, answered: 1, lost: 0, unacknowledged: 0, duplicated: 0 });
    expect(latency(result, "late")).toBeCloseTo(2, 1);
    expect(latency(result, "ack")).toBeCloseTo(5, 1);
    expect(latency(result, "first")).toBeCloseTo(10, 1);
    expect(latency(result, "up")).toBeCloseTo(2, 1);
    expect(latency(result, "down")).toBeCloseTo(4, 1);
    expect(latency(result, "first added")).toBeCloseTo(6, 1);
    expect(latency(result, "whole")).toBeCloseTo(20, 0);
  });

  it("tells a lost ask from one that was never acknowledged, refused, failed, or whose connection ended", () => {
    const tally = createAskTally();
    for (const ask of ["lost", "mute", "refused", "failed", "dropped"]) tally.sent(ask, 0, 0, true);
    for (const ask of ["lost", "failed", "dropped"]) tally.acked(ask, 1);
    tally.acked("refused", 1, "BUSY");
    tally.ended("failed", "ENGINE_TIMEOUT", 2);
    tally.dropped("dropped");
    expect(tally.running).toBe(2);
    expect(tally.result()).toMatchObject({
      answered: 0,
      lost: 1,
      unacknowledged: 1,
      errors: { BUSY: 1, ENGINE_TIMEOUT: 1, connection: 1 },
    });
  });

  it("notices a second end, also one that comes when warming up", () => {
    const tally = createAskTally();
    tally.sent("warm", 0, 0, false);
    tally.acked("warm", 1);
    tally.ended("warm", "completed", 2);
    tally.ended("warm", "completed", 3);
    expect(tally.result()).toMatchObject({ sent: 0, answered: 0, duplicated: 1, latencies: [] });
  });

  it("counts a sent ask as lost where a protocol has no acknowledgements", () => {
    const tally = createAskTally(false);
    tally.sent("a", 0, 0, true);
    expect(tally.result()).toMatchObject({ lost: 1, unacknowledged: 0 });
  });
});

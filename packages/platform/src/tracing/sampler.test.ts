import { ROOT_CONTEXT, SpanKind, trace, type Context } from "@opentelemetry/api";
import { RandomIdGenerator, SamplingDecision } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { createSampler, fromClient } from "./sampler.ts";

const ids = new RandomIdGenerator();
const parentOf = (traceId: string, traceFlags: 0 | 1, root: Context = ROOT_CONTEXT): Context =>
  trace.setSpanContext(root, { traceId, spanId: ids.generateSpanId(), traceFlags, isRemote: true });

function samplerOf(limits: { part?: number; perSecond?: number }) {
  const clock = { ms: 12_345 };
  const sampler = createSampler({ part: 1, perSecond: 1000, ...limits, now: () => clock.ms });
  const keeps = (context: Context, traceId = ids.generateTraceId()): boolean =>
    sampler.shouldSample(context, traceId, "accept", SpanKind.SERVER, {}, []).decision ===
    SamplingDecision.RECORD_AND_SAMPLED;
  return { clock, keeps };
}
const times = (count: number, act: () => boolean): number => Array.from({ length: count }, act).filter(Boolean).length;

describe("a trace that begins", () => {
  it("is kept if fewer than the limit were kept in this second", () => {
    const { clock, keeps } = samplerOf({ perSecond: 25 });
    expect(times(400, () => keeps(ROOT_CONTEXT))).toBe(25);
    clock.ms += 1000;
    expect(times(400, () => keeps(ROOT_CONTEXT))).toBe(25);
    clock.ms += 60_000;
    expect(times(10, () => keeps(ROOT_CONTEXT))).toBe(10);
  });

  it("is kept if its id is in the share, whatever a client asks for", () => {
    const { keeps } = samplerOf({ part: 0.1 });
    const share = times(4000, () => {
      const traceId = ids.generateTraceId();
      return keeps(parentOf(traceId, 1, fromClient(ROOT_CONTEXT)), traceId);
    });
    expect(share).toBeGreaterThan(200);
    expect(share).toBeLessThan(700);
    const traceId = ids.generateTraceId();
    expect(samplerOf({}).keeps(parentOf(traceId, 0, fromClient(ROOT_CONTEXT)), traceId)).toBe(true);
  });
});

it("a span inside a trace is kept if its trace is, without a limit", () => {
  const { keeps } = samplerOf({ part: 0, perSecond: 1 });
  const traceId = ids.generateTraceId();
  expect(times(100, () => keeps(parentOf(traceId, 1), traceId))).toBe(100);
  expect(samplerOf({}).keeps(parentOf(traceId, 0), traceId)).toBe(false);
});

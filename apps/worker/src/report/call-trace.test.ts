import type { TakenAsk } from "@docrelay/channel";
import type { SpanStart, Tracing } from "@docrelay/platform";
import { describe, expect, it } from "vitest";
import { traceCall, type TracedCall } from "./call-trace.ts";

interface Recorded {
  readonly name: string;
  readonly start: SpanStart;
  end?: { at?: number; error?: string | undefined };
}
const ASK_TRACE = "a".repeat(32);
const OTHER = `00-${"b".repeat(32)}-${"2".repeat(16)}-01`;
const ask = {
  id: "one",
  conversation: "talk",
  body: { files: [{}] },
  trace: ASK_TRACE,
  traceparent: `00-${ASK_TRACE}-${"1".repeat(16)}-01`,
} as unknown as TakenAsk;

function record(): { spans: Recorded[]; tracing: Tracing } {
  const spans: Recorded[] = [];
  const tracing: Tracing = {
    begin(name, start = {}) {
      const span: Recorded = { name, start };
      spans.push(span);
      return { traceparent: `of ${name}`, end: (how = {}) => void (span.end ??= how) };
    },
    async [Symbol.asyncDispose]() {},
  };
  return { spans, tracing };
}
const callOf = (more: Partial<TracedCall> = {}): TracedCall => {
  const now = performance.now();
  const base = { ask, attempt: 1, engine: "chat", extractMs: 0, goesOn: false, extractions: [] };
  return { ...base, acceptedAt: now - 500, begunAt: now - 100, ...more };
};
const namesOf = (spans: readonly Recorded[]): string[] => spans.map(({ name }) => name);

describe("the trace of an engine call", () => {
  it("has the wait, the call, its first text and its stream, each ended once", () => {
    const { spans, tracing } = record();
    const trace = traceCall(tracing, callOf());
    trace.sent(performance.now());
    trace.firstText();
    trace.firstText();
    trace.over({ kind: "completed" });
    expect(namesOf(spans)).toEqual(["wait", "engine", "engine first text", "stream"]);
    expect(spans.map(({ start }) => start.parent)).toEqual([
      ask.traceparent,
      ask.traceparent,
      "of engine",
      "of engine",
    ]);
    expect(spans.every(({ end }) => end && end.error === undefined)).toBe(true);
    const [wait] = spans;
    expect((wait?.end?.at ?? 0) - (wait?.start.at ?? 0)).toBeCloseTo(400, -1);
  });

  it("that fails before its first text ends with the code; another call has no wait", () => {
    const { spans, tracing } = record();
    const trace = traceCall(tracing, callOf({ attempt: 2 }));
    trace.sent(performance.now());
    trace.over({ kind: "failed", failure: { code: "ENGINE_TIMEOUT" } });
    expect(namesOf(spans)).toEqual(["engine", "engine first text"]);
    expect(spans.map(({ end }) => end?.error)).toEqual(["ENGINE_TIMEOUT", "ENGINE_TIMEOUT"]);
  });

  it("that goes on with an answer of a worker that is gone has no second wait", () => {
    const { spans, tracing } = record();
    traceCall(tracing, callOf({ goesOn: true }));
    expect(namesOf(spans)).toEqual(["engine"]);
  });

  it("shows extractions of uploads again, but neither its own nor those of long ago", () => {
    const { spans, tracing } = record();
    const at = Date.now() - 700;
    const extractions = [
      { traceparent: OTHER, at, ms: 50 },
      { traceparent: OTHER, at: at - 600_000, ms: 50 },
      { traceparent: `00-${ASK_TRACE}-${"3".repeat(16)}-01`, at, ms: 50 },
    ];
    traceCall(tracing, callOf({ extractions }));
    expect(namesOf(spans)).toEqual(["wait", "extract", "engine"]);
    expect(spans[1]).toMatchObject({
      start: { parent: ask.traceparent, at: at - 50, links: [OTHER], attributes: { "docrelay.ahead": true } },
      end: { at },
    });
  });
});

import { describe, expect, it } from "vitest";
import { readTrace, traceIdOf } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("a traceparent", () => {
  it.each([
    [`00-${TRACE}-00f067aa0ba902b7-01`, TRACE],
    [`00-${TRACE}-00f067aa0ba902b7-00`, TRACE],
    [`cc-${TRACE}-00f067aa0ba902b7-01-what-the-future-brings`, TRACE],
    [`ff-${TRACE}-00f067aa0ba902b7-01`, undefined],
    [`00-${"0".repeat(32)}-00f067aa0ba902b7-01`, undefined],
    [`00-${TRACE}-${"0".repeat(16)}-01`, undefined],
    [`00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, undefined],
    [`00-${TRACE}-00f067aa0ba902b7-01x`, undefined],
    [`cc-${TRACE}-00f067aa0ba902b7-01-${"x".repeat(300)}`, undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s has the trace id %s", (text, id) => {
    expect(traceIdOf(text)).toBe(id);
  });

  it("is told from a bare id, as processes that do not trace write it", () => {
    expect(readTrace(`00-${TRACE}-00f067aa0ba902b7-01`)).toEqual({
      trace: TRACE,
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
    });
    expect(readTrace("5e70b0a7-0000-4000-8000-000000000000")).toEqual({
      trace: "5e70b0a7-0000-4000-8000-000000000000",
    });
  });
});

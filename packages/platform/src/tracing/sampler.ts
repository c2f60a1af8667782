import { createContextKey, trace, type Context } from "@opentelemetry/api";
import { SamplingDecision, TraceIdRatioBasedSampler, type Sampler } from "@opentelemetry/sdk-trace";

const FROM_CLIENT = createContextKey("the parent span is a client's");

/** Marks the parent span of a context as one of a client, which does not decide whether docrelay keeps the trace. */
export function fromClient(context: Context): Context {
  return context.setValue(FROM_CLIENT, true);
}

/**
 * Decides at the first span of a trace whether the trace is kept: if its id is in the part `part` (0 to 1) of all ids,
 * and if fewer than `perSecond` traces were kept in this second. All other spans of the trace follow the sampled flag
 * of their parent, so that a trace is kept by all processes or by none. `now` returns ms.
 */
export function createSampler({
  part,
  perSecond,
  now = () => performance.now(),
}: {
  readonly part: number;
  readonly perSecond: number;
  now?: () => number;
}): Sampler {
  const share = new TraceIdRatioBasedSampler(part);
  let second = 0;
  let kept = 0;
  const isKept = (context: Context, traceId: string): boolean => {
    const parent = trace.getSpanContext(context);
    if (parent && context.getValue(FROM_CLIENT) !== true) return (parent.traceFlags & 1) === 1;
    if (share.shouldSample(context, traceId).decision !== SamplingDecision.RECORD_AND_SAMPLED) return false;
    const present = Math.floor(now() / 1000);
    if (present !== second) [second, kept] = [present, 0];
    return kept++ < perSecond;
  };
  return {
    shouldSample: (context, traceId) => ({
      decision: isKept(context, traceId) ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => `docrelay: ${part} of the traces, ${perSecond} a second`,
  };
}

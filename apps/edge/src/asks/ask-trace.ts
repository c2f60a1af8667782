import { traceIdOf } from "@docrelay/protocol";
import type { Span, Tracing } from "@docrelay/platform";
import { randomUUID } from "node:crypto";
import { toFailure } from "../report/failure.ts";

/** The fields of an ask from which its span is made. */
interface TracedInput {
  readonly id: string;
  readonly conversation: string;
  readonly files: readonly unknown[];
  readonly origin: string;
  readonly traceparent?: string | undefined;
}

/** The trace of an ask that is being accepted. */
export interface AskTrace {
  /**
   * The trace as the ask's record and the extraction jobs of its files store it: a `traceparent`, or without tracing
   * only a trace id. `readTrace` reads both.
   */
  readonly stored: string;
  /**
   * Must be called when the ask was acknowledged: ends the span of the ask, if there is one. `duplicate`: whether the
   * ask had been accepted before.
   */
  accepted(duplicate: boolean): void;
  refused(error: unknown): void;
}

/**
 * Continues the client's trace if the client has sent one, else begins a trace. Without tracing the ask still has a
 * trace id for logs and users.
 */
export function beginAskTrace(tracing: Tracing | undefined, input: TracedInput): AskTrace {
  const span = tracing && beginSpan(tracing, input);
  return {
    stored: span?.traceparent ?? traceIdOf(input.traceparent) ?? randomUUID().replaceAll("-", ""),
    accepted: (duplicate) => span?.end({ attributes: { "docrelay.duplicate": duplicate } }),
    refused: (error) => span?.end({ error: toFailure(error).wire.code }),
  };
}

function beginSpan(tracing: Tracing, { id, conversation, files, origin, traceparent }: TracedInput): Span {
  return tracing.begin("accept", {
    kind: "server",
    parent: traceIdOf(traceparent) && traceparent,
    isParentOfClient: true,
    attributes: {
      "docrelay.ask": id,
      "docrelay.conversation": conversation,
      "docrelay.origin": origin,
      "docrelay.files": files.length,
    },
  });
}

import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type SpanContext,
} from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { createSampler, fromClient } from "./sampler.ts";
import type { Span, SpanStart, TracerOptions, Tracing } from "./span.ts";

/**
 * This file uses OpenTelemetry's SDK without instrumentations and without a context of asynchronous calls, because the
 * code that begins a span knows the span's parent. A context would follow every promise, which costs more than the
 * spans do.
 */

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;
const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;
/**
 * Spans that the collector does not accept within this many ms are dropped, so that a process that stops waits no
 * longer.
 */
const EXPORT_TIMEOUT_MS = 2000;
const EXPORT_EVERY_MS = 1000;
const MAX_QUEUED = 8192;

/** Opens OpenTelemetry's SDK with one exporter, which sends spans to the collector. */
export function createTracer(options: TracerOptions): Tracing {
  const { endpoint, protocol, service, node, onTrouble } = options;
  diag.setLogger(onlyProblems(onTrouble), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const Exporter = protocol === "http/json" ? JsonExporter : ProtobufExporter;
  const exporter = new Exporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": service, "service.instance.id": node }),
    sampler: createSampler(options),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUED,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("docrelay");

  return {
    begin(name, { parent, isParentOfClient = false, kind, at, attributes, links = [] }: SpanStart = {}): Span {
      const above = contextOf(parent);
      // The trace of `parent` is not kept, so the SDK need not make the span. When there are many traces, this is so
      // for most spans.
      if (above && parent !== undefined && !isParentOfClient && above.traceFlags === 0) return unkept(parent);
      const root = isParentOfClient ? fromClient(ROOT_CONTEXT) : ROOT_CONTEXT;
      const context = above ? trace.setSpanContext(root, above) : root;
      const span = tracer.startSpan(
        name,
        {
          ...(kind && { kind: KINDS[kind] }),
          ...(at !== undefined && { startTime: at }),
          ...(attributes && { attributes }),
          links: links.flatMap((link) => contextOf(link) ?? []).map((linked) => ({ context: linked })),
        },
        context,
      );
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceparent: `00-${traceId}-${spanId}-0${traceFlags & 1}`,
        end({ at: endedAt, error, attributes: more } = {}) {
          if (!span.isRecording()) return;
          if (more) span.setAttributes(more);
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end(endedAt);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      // If spans cannot be sent, they are lost, and the process ends nevertheless.
      await provider.shutdown().catch((error: unknown) => onTrouble(String(error)));
      diag.disable();
    },
  };
}

function unkept(traceparent: string): Span {
  return { traceparent, end: () => undefined };
}

function contextOf(traceparent: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

function onlyProblems(onTrouble: (reason: string) => void): Parameters<typeof diag.setLogger>[0] {
  const nothing = (): void => undefined;
  return { error: onTrouble, warn: onTrouble, info: nothing, debug: nothing, verbose: nothing };
}

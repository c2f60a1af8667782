import * as z from "zod";
import { logAtMostOnceASecond } from "../at-most-once-a-second.ts";
import { choice, integer } from "../config.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { TracerOptions, Tracing } from "./span.ts";

/** The settings of OpenTelemetry, with the names of its specification. */
export const tracingSettings = {
  /** The URL of the collector. If it is not set, nothing is traced, and no code of OpenTelemetry is loaded. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine(
      (text) => URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol),
      "must be a URL that begins with http:// or https://",
    )
    .optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice(["http/json", "http/protobuf"], "http/json"),
  /**
   * Headers for the collector, as `name=value,…`. The exporter itself reads this variable. The value may contain a key.
   */
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  /** Which part of the traces is kept, from 0 to 1. The process in which a trace begins decides by the trace's id. */
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .default("1")
    .refine((text) => /^(0|1|0?\.\d{1,9}|1\.0)$/.test(text), "must be a number from 0 to 1")
    .transform(Number),
  /** How many of the traces that begin in a process are kept in a second, at most. */
  TRACES_PER_SECOND: integer({ min: 1, max: 1_000_000, default: 25 }),
} as const;

export interface TracingConfig {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" | "http/protobuf";
  readonly OTEL_TRACES_SAMPLER_ARG: number;
  readonly TRACES_PER_SECOND: number;
}

/**
 * Opens tracing if a collector is set. The code of OpenTelemetry, which is a separate bundle, is loaded only then.
 * `onTrouble` is called at most once a second.
 */
export async function openTracing(
  config: TracingConfig,
  {
    service,
    node,
    life,
    onTrouble,
  }: Pick<TracerOptions, "service" | "node"> & {
    readonly life: Pick<Lifecycle, "add">;
    onTrouble(reason: string, repeated: number): void;
  },
): Promise<Tracing | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config;
  if (endpoint === undefined) return undefined;
  const file = new URL("./tracer.ts", import.meta.url);
  const { createTracer } = (await import(file.href)) as typeof import("./tracer.ts");
  const sayTrouble = logAtMostOnceASecond((_what, reason, repeated) => onTrouble(String(reason), repeated));
  const tracing = createTracer({
    service,
    node,
    endpoint,
    protocol: config.OTEL_EXPORTER_OTLP_PROTOCOL,
    part: config.OTEL_TRACES_SAMPLER_ARG,
    perSecond: config.TRACES_PER_SECOND,
    onTrouble: (reason) => sayTrouble("collector", reason),
  });
  life.add("tracing", () => tracing[Symbol.asyncDispose]());
  return tracing;
}

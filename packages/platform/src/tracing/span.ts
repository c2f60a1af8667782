/** Attributes hold ids, numbers and codes: never a word of a question, a document or a reply. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One step of a trace. Times are in ms since the epoch; the default is now. */
export interface Span {
  /** The `traceparent` for steps below this one, in this or another process. */
  readonly traceparent: string;
  /** Ends the span; later calls do nothing. `error`: a code that says why the step failed. */
  end(of?: { readonly at?: number; readonly error?: string | undefined; readonly attributes?: SpanAttributes }): void;
}

export interface SpanStart {
  /** The parent's `traceparent`; without one, or with an invalid one, the span begins a trace. */
  readonly parent?: string | undefined;
  readonly kind?: "server" | "client" | "consumer" | undefined;
  readonly at?: number | undefined;
  readonly attributes?: SpanAttributes;
  /** `traceparent`s of other traces that this step has used. */
  readonly links?: readonly string[];
}

/**
 * Writes spans to a collector. They are sent in the background; spans that the collector does not accept are dropped.
 */
export interface Tracing extends AsyncDisposable {
  begin(name: string, start?: SpanStart): Span;
}

/** The options of a tracer. */
export interface TracerOptions {
  readonly endpoint: string;
  readonly protocol: "http/json" | "http/protobuf";
  /** The share of traces that is kept, 0 to 1. */
  readonly part: number;
  readonly service: string;
  /** The name of this process, which tells processes of one service apart. */
  readonly node: string;
  /** Called with the exporter's own problems, such as a collector that does not respond. */
  onTrouble(reason: string): void;
}

/** Ids, numbers and codes: never a word of a question, a document or a reply. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One step of a trace. Times are milliseconds since the epoch; without one it is now. */
export interface Span {
  /** For the steps below it, in this or another process. */
  readonly traceparent: string;
  /** Ends the span; later calls do nothing. `error`: why the step failed, a code. */
  end(of?: { readonly at?: number; readonly error?: string | undefined; readonly attributes?: SpanAttributes }): void;
}

export interface SpanStart {
  /** A `traceparent`; without one, or with one that cannot be read, the span begins a trace. */
  readonly parent?: string | undefined;
  readonly kind?: "server" | "client" | "consumer" | undefined;
  readonly at?: number | undefined;
  readonly attributes?: SpanAttributes;
  /** `traceparent`s of other traces that this step has used. */
  readonly links?: readonly string[];
}

/** Writes spans to a collector. They are sent in the background; what a collector does not take is dropped. */
export interface Tracing extends AsyncDisposable {
  begin(name: string, start?: SpanStart): Span;
}

/** What a tracer is opened with. */
export interface TracerOptions {
  readonly endpoint: string;
  readonly protocol: "http/json" | "http/protobuf";
  /** Part of the traces that is kept. */
  readonly part: number;
  readonly service: string;
  /** Tells processes of one service apart. */
  readonly node: string;
  /** Called with what the exporter reports about itself, such as a collector that does not answer. */
  onTrouble(reason: string): void;
}

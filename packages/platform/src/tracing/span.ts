/** The attributes of a span: ids, numbers and codes, never a word of a question, a document or a reply. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One step of a trace. Times are in ms since the epoch; the default of a time is now. */
export interface Span {
  /** The `traceparent` to pass to steps inside this one, in this or another process. */
  readonly traceparent: string;
  /** Ends the span; later calls do nothing. `error`: a code that states why the step failed. */
  end(of?: { readonly at?: number; readonly error?: string | undefined; readonly attributes?: SpanAttributes }): void;
}

export interface SpanStart {
  /** The `traceparent` of the step around this one. If it is missing or invalid, the span begins a new trace. */
  readonly parent?: string | undefined;
  /** True if a client sent `parent`: its sampled flag is then not followed. */
  readonly isParentOfClient?: boolean;
  readonly kind?: "server" | "client" | "consumer" | undefined;
  readonly at?: number | undefined;
  readonly attributes?: SpanAttributes;
  /** The `traceparent`s of other traces whose results this step has used. */
  readonly links?: readonly string[];
}

/** Sends spans to a collector, in the background. Spans that the collector does not accept are dropped. */
export interface Tracing extends AsyncDisposable {
  begin(name: string, start?: SpanStart): Span;
}

export interface TracerOptions {
  readonly endpoint: string;
  readonly protocol: "http/json" | "http/protobuf";
  /** Which part of the traces is kept, from 0 to 1. */
  readonly part: number;
  /** How many traces that begin in this process are kept in a second, at most. */
  readonly perSecond: number;
  readonly service: string;
  /** A name by which the processes of one service are told apart. */
  readonly node: string;
  /** Called with problems of the exporter itself, such as a collector that does not respond. */
  onTrouble(reason: string): void;
}

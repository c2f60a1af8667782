/**
 * Matches a `traceparent` of W3C Trace Context: it has the fields of version 00, with which later versions also begin.
 */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const MAX_CHARS = 255;

/**
 * Returns the trace id in a `traceparent`: 32 hex digits. Returns undefined for any other text, which the standard says
 * to ignore.
 */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined || traceparent.length > MAX_CHARS) return undefined;
  return TRACEPARENT.exec(traceparent)?.[1];
}

/**
 * Reads the trace that is stored in an ask's record or in an extraction's job. It is a `traceparent` if the process
 * that wrote it uses OpenTelemetry, otherwise only an id. `trace`: the id for logs and users.
 */
export function readTrace(stored: string): { readonly trace: string; readonly traceparent?: string } {
  const trace = traceIdOf(stored);
  return trace === undefined ? { trace: stored } : { trace, traceparent: stored };
}

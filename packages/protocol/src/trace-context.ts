/** W3C Trace Context, version 00 and the fields that later versions begin with. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const MAX_CHARS = 255;

/** The trace id of a `traceparent`, 32 hex digits; undefined for any other text, which the standard wants ignored. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined || traceparent.length > MAX_CHARS) return undefined;
  return TRACEPARENT.exec(traceparent)?.[1];
}

/**
 * What an ask's record and an extraction's job hold as their trace: a `traceparent` where the process that wrote it traces,
 * else an id alone. `trace` is the id for logs and users.
 */
export function readTrace(stored: string): { readonly trace: string; readonly traceparent?: string } {
  const trace = traceIdOf(stored);
  return trace === undefined ? { trace: stored } : { trace, traceparent: stored };
}

import { RelayError } from "@docrelay/client";

/** What was thrown, as the error of a relay: with the code `INTERNAL` when it is none. */
export function errorOf(cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause;
  return new RelayError({ code: "INTERNAL", message: String(cause), retryable: false }, { cause });
}

import { RelayError } from "@docrelay/client";

/**
 * Returns a thrown value as a RelayError. If the value is not a RelayError, the returned one has the code `INTERNAL`.
 */
export function errorOf(cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause;
  return new RelayError({ code: "INTERNAL", message: String(cause), retryable: false }, { cause });
}

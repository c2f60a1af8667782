import { RelayError } from "@docrelay/client";

/** Returns a thrown value as a RelayError; with the code `INTERNAL` if it is another error. */
export function errorOf(cause: unknown): RelayError {
  if (cause instanceof RelayError) return cause;
  return new RelayError({ code: "INTERNAL", message: String(cause), retryable: false }, { cause });
}

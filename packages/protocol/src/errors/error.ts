import { ERRORS, type ErrorCode } from "./error-table.ts";
import type { WireError } from "./wire-error.ts";

/**
 * Makes a wire error from the table of errors. `more`: optional fields, and a message that replaces the table's. Parts of
 * a millisecond in `retryAfterMs` are rounded up: clients take whole numbers only.
 */
export function wireError(code: ErrorCode, more: Partial<Omit<WireError, "code" | "retryable">> = {}): WireError {
  const { retryable, message } = ERRORS[code];
  const { retryAfterMs } = more;
  return {
    code,
    message,
    retryable,
    ...more,
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
}

/** A refusal for a client. A Refusal is thrown inside a process, and its `wire` is sent to the client. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly wire: WireError;
  constructor(wire: WireError, options?: ErrorOptions) {
    super(`${wire.code}: ${wire.message}`, options);
    this.wire = wire;
  }
}

/** Makes a refusal: the same as `new Refusal(wireError(code, more))`. */
export function refuse(code: ErrorCode, more?: Parameters<typeof wireError>[1]): Refusal {
  return new Refusal(wireError(code, more));
}

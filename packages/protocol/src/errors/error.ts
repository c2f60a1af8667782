import { ERRORS, type ErrorCode } from "./error-table.ts";
import type { WireError } from "./wire-error.ts";

/** Builds a wire error from the table; `more` replaces the message and adds the optional fields. */
export function wireError(code: ErrorCode, more: Partial<Omit<WireError, "code" | "retryable">> = {}): WireError {
  const { retryable, message } = ERRORS[code];
  return { code, message, retryable, ...more };
}

/** A refusal for a client: thrown inside a process, and sent as its `wire`. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly wire: WireError;
  constructor(wire: WireError, options?: ErrorOptions) {
    super(`${wire.code}: ${wire.message}`, options);
    this.wire = wire;
  }
}

/** Shorthand for `new Refusal(wireError(code, more))`. */
export function refuse(code: ErrorCode, more?: Parameters<typeof wireError>[1]): Refusal {
  return new Refusal(wireError(code, more));
}

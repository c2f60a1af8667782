import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";

/** A refusal or failure from the server, or a server that could not be reached in time. Switch on `code` only. */
export class RelayError extends Error {
  override readonly name = "RelayError";
  readonly wire: WireError;
  constructor(wire: WireError, options?: ErrorOptions) {
    super(wire.message, options);
    this.wire = wire;
  }
  get code(): ErrorCode {
    return this.wire.code;
  }
  get retryable(): boolean {
    return this.wire.retryable;
  }
}

/** The error for a server that could not be reached; it has the contract's code for "outcome unknown, send again". */
export function unreachable(cause?: unknown): RelayError {
  return new RelayError(wireError("STORE_UNAVAILABLE", { message: "The server does not answer." }), { cause });
}

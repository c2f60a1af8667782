import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";

/** What the server refused or failed, or that it could not be reached in time. Switch on `code` only. */
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

/** A failure of ours to reach the server, in the terms of the contract. */
export function unreachable(cause?: unknown): RelayError {
  return new RelayError(wireError("STORE_UNAVAILABLE", { message: "The server does not answer." }), { cause });
}

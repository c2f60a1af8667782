import { wireError } from "@docrelay/protocol";
import type { ErrorCode, WireError } from "./contract.ts";

/**
 * Errors that the client itself detects, in addition to those of the contract: whether trying again may help, and a
 * message for people.
 */
const FOUND_HERE = {
  UNREACHABLE: { retryable: true, message: "The server does not answer." },
  NOT_DOCRELAY: { retryable: false, message: "What answers at this url is not docrelay." },
  TRANSPORT_BLOCKED: {
    retryable: false,
    message: "The server answers, but WebSockets do not come through, and it does not offer polling.",
  },
  FILE_CHANGED: {
    retryable: false,
    message: "The file was changed, moved or deleted since it was chosen. Choose it again.",
  },
} as const;
export type ClientErrorCode = keyof typeof FOUND_HERE;

/** A wire error, or an error that the client itself has detected. */
export type RelayFault = Omit<WireError, "code"> & { readonly code: ErrorCode | ClientErrorCode };

/** A refusal or failure: from the server, or because the server could not be reached in time. Switch on `code` only. */
export class RelayError extends Error {
  override readonly name = "RelayError";
  readonly wire: RelayFault;
  constructor(wire: RelayFault, options?: ErrorOptions) {
    super(wire.message, options);
    this.wire = wire;
  }
  get code(): RelayFault["code"] {
    return this.wire.code;
  }
  get retryable(): boolean {
    return this.wire.retryable;
  }
}

export function clientError(code: ClientErrorCode, more: { reason?: string; cause?: unknown } = {}): RelayError {
  const { reason, cause } = more;
  return new RelayError({ code, ...FOUND_HERE[code], ...(reason === undefined ? {} : { reason }) }, { cause });
}

/**
 * Makes the error for a server that could not be reached. The outcome of the call is unknown, so the call is sent
 * again.
 */
export function unreachable(cause?: unknown): RelayError {
  return clientError("UNREACHABLE", { cause });
}

/** Returns the error as the server would send it, for code that knows only the error codes of the contract. */
export function wireOf(error: unknown): WireError {
  if (!(error instanceof RelayError)) return wireError("INTERNAL");
  const { code, ...rest } = error.wire;
  return Object.hasOwn(FOUND_HERE, code) ? wireError("STORE_UNAVAILABLE") : { ...rest, code: code as ErrorCode };
}

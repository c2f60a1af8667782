import { ChannelError } from "@docrelay/channel";
import { EngineError } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { storeErrorKind } from "@docrelay/platform";
import type { ErrorCode } from "@docrelay/protocol";

/** Why an attempt failed, as the client sees it if it was the last one. */
export interface Failure {
  readonly code: ErrorCode;
  readonly reason?: string;
}

/** Where an error comes from: the engine (the ask may get another attempt), the store (the step is retried), or a bug. */
export type Origin = { kind: "engine"; failure: Failure } | { kind: "store" } | { kind: "bug" };

export function originOf(error: unknown): Origin {
  if (error instanceof EngineError) return { kind: "engine", failure: engineFailure(error) };
  if (error instanceof JobsError) return { kind: error.kind === "timeout" ? "store" : "bug" };
  if (error instanceof ChannelError) return { kind: error.kind === "io" ? "store" : "bug" };
  return { kind: storeErrorKind(error) ? "store" : "bug" };
}

const ENGINE_CODES = {
  unavailable: "ENGINE_UNAVAILABLE",
  timeout: "ENGINE_TIMEOUT",
  "bad-reply": "ENGINE_BAD_REPLY",
} as const satisfies Record<EngineError["kind"], ErrorCode>;

function engineFailure({ kind, reason }: EngineError): Failure {
  return { code: ENGINE_CODES[kind], ...(reason === undefined ? {} : { reason }) };
}

/** Log level of a failed ask: `error` for faults of docrelay or its store, `warn` for the engine's and for expiry, else `info`. */
export function levelOf(code: ErrorCode): "error" | "warn" | "info" {
  switch (code) {
    case "INTERNAL":
    case "STORE_UNAVAILABLE":
      return "error";
    case "ENGINE_UNAVAILABLE":
    case "ENGINE_TIMEOUT":
    case "ENGINE_BAD_REPLY":
    case "ASK_EXPIRED":
      return "warn";
    default:
      return "info";
  }
}

import { ChannelError } from "@docrelay/channel";
import { EngineError } from "@docrelay/engine";
import { JobsError } from "@docrelay/jobs";
import { storeErrorKind } from "@docrelay/platform";
import type { ErrorCode } from "@docrelay/protocol";

/** Why a try at an ask did not come to an answer, as a client will see it if it was the last one. */
export interface Failure {
  readonly code: ErrorCode;
  readonly reason?: string;
}

/** Where an error comes from: the engine (worth another attempt), the store (worth asking again), or us (a bug). */
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

/** How loud an ask's end is in the log: ours to mend, the engine's or time's, or the user's own file. */
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

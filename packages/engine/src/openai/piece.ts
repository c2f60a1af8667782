import type { TokenUsage } from "../engine.ts";
import type { ServerError } from "./server-error.ts";

/** What one event adds to a reply. */
export interface Piece {
  readonly text?: string;
  /** The reply is over. `cut`: the model stopped at a limit or a filter, so the text is incomplete. */
  readonly end?: "whole" | "cut";
  readonly error?: ServerError;
  readonly usage?: TokenUsage;
  /** For a response that the server keeps: the response's id, and the number of this event. */
  readonly id?: string;
  readonly sequence?: number;
}

export const NOTHING: Piece = {};

/** The format of an API's requests and replies. */
export interface Dialect {
  /** The path below the base URL. */
  readonly path: string;
  /** The request's body, without the fields of `ENGINE_PARAMS`. */
  body(request: DialectRequest): Record<string, unknown>;
  /** Reads one event of a streamed reply. Never throws. */
  readEvent(event: { readonly event?: string | undefined; readonly data: string }): Piece;
  /** Reads a whole reply as JSON, from a server that does not stream. */
  readWhole(body: unknown): Piece;
}

export interface DialectRequest {
  readonly model: string | undefined;
  readonly system: string | undefined;
  readonly messages: ReadonlyArray<{ readonly role: "user" | "assistant"; readonly text: string }>;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

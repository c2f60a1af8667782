import type { TokenUsage } from "../engine.ts";
import type { ServerError } from "./server-error.ts";

/** What one event of a reply adds to it. */
export interface Piece {
  readonly text?: string;
  /** The reply is over. `cut`: the model stopped at a limit or a filter, so that the text is not whole. */
  readonly end?: "whole" | "cut";
  readonly error?: ServerError;
  readonly usage?: TokenUsage;
  /** Of a response that the server keeps: its id, and the number of this event. */
  readonly id?: string;
  readonly sequence?: number;
}

export const NOTHING: Piece = {};

/** How an API writes requests and replies. */
export interface Dialect {
  /** Below the base URL. */
  readonly path: string;
  /** The request's body, without the fields of `ENGINE_PARAMS`. */
  body(request: DialectRequest): Record<string, unknown>;
  /** Reads one event of a streamed reply. Never throws. */
  readEvent(event: { readonly event?: string | undefined; readonly data: string }): Piece;
  /** Reads a reply that came whole, as JSON, from a server that does not stream. */
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

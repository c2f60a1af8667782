import type { TokenUsage } from "../engine.ts";
import type { ServerError } from "./server-error.ts";

/** What one server-sent event, or the body of a whole response, adds to a reply. */
export interface Piece {
  readonly text?: string;
  /**
   * Set when the reply is over. `whole`: the text is complete. `cut`: the model stopped at a limit or a filter, so the
   * text is incomplete.
   */
  readonly end?: "whole" | "cut";
  readonly error?: ServerError;
  readonly usage?: TokenUsage;
  /** For a response that the server keeps: its id, and the number of this event (`sequence`). */
  readonly id?: string;
  readonly sequence?: number;
}

export const NOTHING: Piece = {};

/** How an API writes its requests and replies. */
export interface Dialect {
  /** The path of the API, which follows the base URL. */
  readonly path: string;
  /** Returns the body of a request, without the fields of the setting `ENGINE_PARAMS`. */
  body(request: DialectRequest): Record<string, unknown>;
  /** Reads one event of a streamed reply. Never throws. */
  readEvent(event: { readonly event?: string | undefined; readonly data: string }): Piece;
  /** Reads a whole reply, as parsed JSON, from a server that does not stream. */
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

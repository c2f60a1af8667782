import { engineUrlProblem } from "./url.ts";

/** The options common to all kinds of engine. Times in ms. */
export interface EngineOptions {
  readonly url: string;
  /** Headers of each connection or request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The most connections at a time; further calls wait. */
  readonly connections: number;
  /**
   * The limit from the end of sending the prompt to the first frame, or byte, of the reply. Sending has the same limit.
   */
  readonly firstReplyTimeoutMs: number;
  /** The limit between two pieces of a reply. With HTTP, data that only keep the connection alive count as a piece. */
  readonly idleTimeoutMs: number;
  /** The most bytes of a reply's text, as UTF-8. A longer text is cut, and its `end` event has `truncated`. */
  readonly maxReplyBytes: number;
  /** The largest prompt in bytes, as the frame or body that is sent. Default 0: no limit. */
  readonly maxPromptBytes?: number;
  /** The limit for opening a connection, default 5,000. */
  readonly connectTimeoutMs?: number;
}

/** @throws TypeError when an engine's URL is not valid. */
export function checkUrl({ url }: EngineOptions, over: "websocket" | "http"): void {
  const problem = engineUrlProblem(url, over);
  if (problem) throw new TypeError(`the engine's URL ${problem}`);
}

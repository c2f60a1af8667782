import { engineUrlProblem } from "./url.ts";

/** Options that all kinds of engine have. Times are in ms. */
export interface EngineOptions {
  readonly url: string;
  /** Headers that are sent with each connection or request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The most connections that are used at a time. While all of them are in use, further calls wait. */
  readonly connections: number;
  /**
   * How many ms the first frame, or byte, of the reply may take after the whole prompt was sent. Sending the prompt may
   * also take this many ms.
   */
  readonly firstReplyTimeoutMs: number;
  /**
   * How many ms a reply may pause between two pieces. With HTTP, data that only keep the connection alive count as a
   * piece.
   */
  readonly idleTimeoutMs: number;
  /** The most bytes of a reply's text, as UTF-8. A longer text is cut, and its `end` event has `truncated`. */
  readonly maxReplyBytes: number;
  /** The most bytes that the frame or body with a prompt may have. Default: 0, which means no limit. */
  readonly maxPromptBytes?: number;
  /** How many ms opening a connection may take. Default: 5,000. */
  readonly connectTimeoutMs?: number;
}

/** @throws TypeError when an engine's URL is not valid. */
export function checkUrl({ url }: EngineOptions, over: "websocket" | "http"): void {
  const problem = engineUrlProblem(url, over);
  if (problem) throw new TypeError(`the engine's URL ${problem}`);
}

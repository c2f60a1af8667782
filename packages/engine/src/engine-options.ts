import { engineUrlProblem } from "./url.ts";

/** What every kind of engine is made with. Times in ms. */
export interface EngineOptions {
  readonly url: string;
  /** Of each connection or request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Most connections at a time; more calls wait. */
  readonly connections: number;
  /** From the end of sending the prompt to the first frame, or byte, of the reply. The sending has the same limit. */
  readonly firstReplyTimeoutMs: number;
  /** Between two pieces of a reply; what keeps a connection alive counts as one behind HTTP. */
  readonly idleTimeoutMs: number;
  /** Of the reply's text, as UTF-8. A longer one is cut, and its end is marked `truncated`. */
  readonly maxReplyBytes: number;
  /** Largest prompt, as the frame or body that is sent. Default 0: none is refused. */
  readonly maxPromptBytes?: number;
  /** Until the connection is there, default 5,000. */
  readonly connectTimeoutMs?: number;
}

/** @throws TypeError when the URL of an engine has a problem. */
export function checkUrl({ url }: EngineOptions, over: "websocket" | "http"): void {
  const problem = engineUrlProblem(url, over);
  if (problem) throw new TypeError(`the engine's URL ${problem}`);
}

import { setTimeout as sleep } from "node:timers/promises";
import { connectEngine } from "./connection.ts";
import { secretsOf } from "./failure/clean-text.ts";
import { originOf } from "./url.ts";

/** The options of a probe. Times are in ms. */
export interface ProbeOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connectTimeoutMs?: number;
  readonly handshakeTimeoutMs: number;
  readonly pongTimeoutMs: number;
}

/**
 * Opens a connection to a WebSocket engine as asks do, pings the engine, and closes the connection. Sends no prompt.
 * `openMs`: the ms until the connection was open. `pongMs`: the ms from the ping to its pong; undefined when none came
 * in time, or the engine closed the connection.
 * @throws EngineError when the connection does not open; the signal's reason.
 */
export async function probeConnection(
  { url, headers = {}, connectTimeoutMs = 5000, handshakeTimeoutMs, pongTimeoutMs }: ProbeOptions,
  signal: AbortSignal,
): Promise<{ openMs: number; pongMs: number | undefined }> {
  const begun = performance.now();
  const connection = await connectEngine(
    {
      url,
      headers: { Origin: originOf(url), ...headers },
      maxFrameBytes: 65_536,
      connectTimeoutMs,
      handshakeTimeoutMs,
      pingEveryMs: 0,
      secrets: secretsOf(url, headers),
    },
    signal,
  );
  const opened = performance.now();
  const ended = new AbortController();
  const pong = new Promise<number>((resolve) => {
    connection.listen({ frame: () => undefined, end: () => ended.abort() });
    connection.ping(() => resolve(performance.now() - opened));
  });
  try {
    const late = sleep(pongTimeoutMs, undefined, { signal: AbortSignal.any([signal, ended.signal]) });
    // If no pong comes, that is a result and not an error.
    const pongMs = await Promise.race([pong, late.catch(() => undefined)]);
    signal.throwIfAborted();
    return { openMs: opened - begun, pongMs };
  } finally {
    ended.abort();
    connection.destroy();
  }
}

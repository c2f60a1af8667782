import type { Connection } from "./connection.ts";
import { EngineError } from "./engine.ts";

/** Frames that wait for the reader before the socket is paused, by number and by length. */
const MOST_FRAMES = 64;
const MOST_CHARS = 262_144;

/** The frames of one ask, read one by one, with a deadline for silence. Disposing leaves the connection as it is. */
export interface Inbox extends Disposable {
  /** Waits until a frame was sent, or one came; the silence is measured from then. @throws as {@link Inbox.next} */
  sent(flushed: Promise<void>, timeoutMs: number): Promise<void>;
  /**
   * The next frame. @throws EngineError `timeout` when nothing has come for so long, and what else ended the
   * connection; the signal's reason.
   */
  next(timeoutMs: number): Promise<string>;
  /** Whether a frame has come that was not asked for. */
  readonly more: boolean;
}

export function openInbox(connection: Connection, signal: AbortSignal): Inbox {
  const frames: string[] = [];
  let first = 0;
  let chars = 0;
  let paused = false;
  let failure: Error | undefined;
  let quietSince = performance.now();
  let ring: (() => void) | undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    ring?.();
  };
  const abort = (): void => fail(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  connection.listen({
    frame(text) {
      frames.push(text);
      chars += text.length;
      quietSince = performance.now();
      if (!paused && (frames.length - first >= MOST_FRAMES || chars >= MOST_CHARS)) {
        paused = true;
        connection.pause();
      }
      ring?.();
    },
    end: fail,
  });

  function take(): string | undefined {
    const frame = frames[first];
    if (frame === undefined) return undefined;
    chars -= frame.length;
    first++;
    if (first === frames.length) {
      frames.length = 0;
      first = 0;
      if (paused) {
        paused = false;
        quietSince = performance.now(); // the silence was ours
        connection.resume();
      }
    }
    return frame;
  }

  /** Resolves when something has happened, or it has been quiet for so long: then with the failure. */
  function change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const left = Math.max(1, quietSince + timeoutMs - performance.now());
      const timer = setTimeout(() => fail(new EngineError("timeout", "the engine is silent")), left);
      ring = () => {
        clearTimeout(timer);
        ring = undefined;
        resolve();
      };
    });
  }

  return {
    get more() {
      return first < frames.length;
    },
    async sent(flushed, timeoutMs) {
      let done = false;
      flushed.then(() => {
        done = true;
        ring?.();
      }, fail);
      while (!done && !failure && frames.length === 0) await change(timeoutMs);
      if (failure && frames.length === 0) throw failure;
      quietSince = performance.now();
    },
    async next(timeoutMs) {
      for (;;) {
        signal.throwIfAborted();
        const frame = take();
        if (frame !== undefined) return frame;
        if (failure) throw failure;
        await change(timeoutMs);
      }
    },
    [Symbol.dispose]() {
      signal.removeEventListener("abort", abort);
      if (paused) connection.resume();
    },
  };
}

import type { Connection } from "./connection.ts";
import { failure } from "./failure/engine-error.ts";

/**
 * What the reader waits for, as the name of the timeout. `timeout-send`: that the prompt is sent. `timeout-first`: the
 * first frame. `timeout-idle`: the next frame.
 */
export type Waiting = "timeout-send" | "timeout-first" | "timeout-idle";

/**
 * When this many frames, or frames of `MAX_CHARS` characters in all, wait to be read, the socket is paused until all of
 * them are read.
 */
const MAX_FRAMES = 64;
const MAX_CHARS = 262_144;

/**
 * Reads the frames of one ask one by one, with a deadline for silence. It gets all frames that arrive on the connection
 * after its creation. Disposing resumes the socket if it is paused, and otherwise leaves the connection as it is.
 */
export class FrameReader implements Disposable {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #frames: string[] = [];
  #first = 0;
  #chars = 0;
  #paused = false;
  #failure: Error | undefined;
  #quietSince = performance.now();
  #wake: (() => void) | undefined;

  constructor(connection: Connection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
    connection.listen({ frame: (text) => this.#add(text), end: this.#fail });
  }

  /** The frames that have arrived and that {@link next} has not returned yet. */
  get unread(): readonly string[] {
    return this.#frames.slice(this.#first);
  }

  /**
   * Resolves when `flushed` does, or at the first frame: an engine may reply before it has read the whole prompt.
   * Silence is measured from then on. @throws the same errors as {@link next}
   */
  async whenSent(flushed: Promise<void>, timeoutMs: number): Promise<void> {
    let done = false;
    flushed.then(() => {
      done = true;
      this.#wake?.();
    }, this.#fail);
    while (!done && !this.#failure && this.#frames.length === 0) await this.#change(timeoutMs, "timeout-send");
    if (this.#failure && this.#frames.length === 0) throw this.#failure;
    this.#quietSince = performance.now();
  }

  /**
   * Returns the next frame. After a failure of the connection, returns the frames that arrived before the failure, and
   * then throws.
   * @throws EngineError with the cause `waiting` after `timeoutMs` without a frame; the error that ended the
   * connection; the signal's reason.
   */
  async next(timeoutMs: number, waiting: Waiting): Promise<string> {
    for (;;) {
      this.#signal.throwIfAborted();
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#failure) throw this.#failure;
      await this.#change(timeoutMs, waiting);
    }
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#abort);
    if (this.#paused) this.#connection.resume();
  }

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
    this.#wake?.();
  };
  readonly #abort = (): void => this.#fail(this.#signal.reason as Error);

  #add(text: string): void {
    this.#frames.push(text);
    this.#chars += text.length;
    this.#quietSince = performance.now();
    if (!this.#paused && (this.#frames.length - this.#first >= MAX_FRAMES || this.#chars >= MAX_CHARS)) {
      this.#paused = true;
      this.#connection.pause();
    }
    this.#wake?.();
  }

  #take(): string | undefined {
    const frame = this.#frames[this.#first];
    if (frame === undefined) return undefined;
    this.#chars -= frame.length;
    this.#first++;
    if (this.#first === this.#frames.length) {
      this.#frames.length = 0;
      this.#first = 0;
      if (this.#paused) {
        this.#paused = false;
        // The engine could not send while the socket was paused, so its silence is measured from now on.
        this.#quietSince = performance.now();
        this.#connection.resume();
      }
    }
    return frame;
  }

  /** Resolves at the next frame or failure. A silence of `timeoutMs` counts as a failure with the cause `waiting`. */
  #change(timeoutMs: number, waiting: Waiting): Promise<void> {
    return new Promise((resolve) => {
      const left = Math.max(1, this.#quietSince + timeoutMs - performance.now());
      let last: NodeJS.Immediate | undefined;
      const fail = (): void => this.#fail(failure(waiting));
      // If this process was suspended, timers fire before its sockets are read, so a frame may be there already. One
      // more round of the event loop reads it.
      const timer = setTimeout(() => (last = setImmediate(fail)), left);
      this.#wake = () => {
        clearTimeout(timer);
        clearImmediate(last);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

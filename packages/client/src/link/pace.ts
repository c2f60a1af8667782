/**
 * Bounds how many bytes of large messages may be on their way over one socket. The bound adapts to the socket's speed,
 * so that a small message (a pong, an ask) waits at most about a second behind large ones, and no message counts as
 * late only because it is large.
 */
export interface Pace {
  /** Returns how many bytes the next chunk should have, if the server accepts at most `limit`. */
  chunkBytes(limit: number): number;
  /**
   * Waits until these bytes may be sent, in the order of the calls, and then counts them as on their way. @throws the
   * signal's reason
   */
  enter(bytes: number, signal?: AbortSignal): Promise<Entry>;
  /**
   * Returns how many ms the socket needs for the bytes on their way. Until its speed is measured, a low speed is
   * assumed.
   */
  drainMs(): number;
  /** Learns the round trip of the socket. Must be called with the ms that a small message has taken. */
  roundTrip(ms: number): void;
  /** Forgets what was learned of the old socket. Must be called when there is a new one. */
  restart(): void;
}

export interface Entry {
  /**
   * Stops counting the bytes that were passed to `enter` as on their way. Must be called once: with true when they were
   * acknowledged, with false when they were given up.
   */
  leave(wasAcknowledged: boolean): void;
}

/**
 * How many bytes the first chunk has, and how many bytes may be on their way before the speed of the socket is
 * measured. Later chunks are smaller only if the socket is so slow that its bound is less than twice this number. If
 * the server accepts only smaller chunks, all chunks are smaller.
 */
const FIRST_BYTES = 16_384;
/**
 * The smallest bound of the bytes on their way, which a slow socket has. Chunks then have half as many bytes: while one
 * chunk is acknowledged, the next is on its way.
 */
const MIN_BYTES = 8192;
const MAX_BYTES = 262_144;
/**
 * Bytes may wait in the buffers of the socket for this many ms in addition to a round trip. A longer wait would only
 * delay other messages.
 */
const QUEUE_MS = 1000;
/** The speed, in bytes per ms, that is assumed for a socket before it is measured. */
const SLOWEST_PER_MS = 4;
const PARTS = 4;
const NEWEST_SHARE = 0.4;

export function createPace(now: () => number = () => performance.now()): Pace {
  const waiting: Waiting[] = [];
  let flying = 0;
  let windowBytes = FIRST_BYTES;
  let perMs: number | undefined;
  let roundTripMs: number | undefined;
  let ackedAt = 0;
  let generation = 0;

  const hasRoom = (): boolean => flying === 0 || flying < windowBytes;
  function next(): void {
    while (hasRoom()) {
      const first = waiting.shift();
      if (!first) return;
      flying += first.bytes;
      first.go();
    }
  }
  /**
   * Adapts the bound after an acknowledgement. The bound grows by at most twice the acknowledged bytes, and not beyond
   * the bytes that the socket carries, at its measured speed, in the time of a round trip plus a second.
   */
  function learn(bytes: number, sentAt: number): void {
    const at = now();
    const measured = bytes / Math.max(1, at - Math.max(sentAt, ackedAt));
    ackedAt = at;
    perMs = perMs === undefined ? measured : perMs + (measured - perMs) * NEWEST_SHARE;
    const fitting = perMs * (QUEUE_MS + (roundTripMs ?? 0));
    windowBytes = Math.max(MIN_BYTES, Math.min(windowBytes + 2 * bytes, fitting, MAX_BYTES));
  }
  return {
    chunkBytes(limit) {
      const smallest = perMs === undefined ? FIRST_BYTES : Math.min(FIRST_BYTES, Math.floor(windowBytes / 2));
      return Math.min(limit, Math.max(smallest, Math.floor(windowBytes / PARTS)));
    },
    async enter(bytes, signal) {
      signal?.throwIfAborted();
      if (waiting.length > 0 || !hasRoom()) await turn(waiting, bytes, signal);
      else flying += bytes;
      const sentAt = now();
      const entered = generation;
      return {
        leave(wasAcknowledged) {
          if (entered !== generation) return;
          flying -= bytes;
          if (wasAcknowledged) learn(bytes, sentAt);
          next();
        },
      };
    },
    drainMs: () => flying / (perMs ?? SLOWEST_PER_MS),
    roundTrip: (ms) => void (roundTripMs = Math.min(roundTripMs ?? ms, ms)),
    restart() {
      generation++;
      flying = 0;
      windowBytes = FIRST_BYTES;
      perMs = undefined;
      roundTripMs = undefined;
      next();
    },
  };
}

interface Waiting {
  readonly bytes: number;
  go(): void;
}

/** Waits in the queue until these bytes may be sent. @throws the signal's reason; the bytes then leave the queue. */
function turn(queue: Waiting[], bytes: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = {
      bytes,
      go() {
        signal?.removeEventListener("abort", abort);
        resolve();
      },
    };
    const abort = (): void => {
      queue.splice(queue.indexOf(waiting), 1);
      reject(signal?.reason as Error);
    };
    queue.push(waiting);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

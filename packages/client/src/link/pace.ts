/**
 * How much of large messages may be on its way over one line. It follows the line, so that nothing small (a pong, an
 * ask) waits longer than about a second behind them, and nothing is dropped as late only because it is large.
 */
export interface Pace {
  /** The size of the next chunk, where the server takes at most `limit` bytes. */
  chunkBytes(limit: number): number;
  /** Waits until there is room, then counts the bytes as on their way; first come, first served. @throws the signal's reason */
  enter(bytes: number, signal?: AbortSignal): Promise<Entry>;
  /** How long the bytes on their way take on this line, as far as it is known. */
  drainMs(): number;
  /** The round trip of a small message was measured. */
  roundTrip(ms: number): void;
  /** A new line, of which nothing is known. */
  restart(): void;
}

export interface Entry {
  /** Call once: the bytes were acknowledged, or (false) given up. */
  leave(wasAcknowledged: boolean): void;
}

/** The first chunk, and the smallest where the line is fast; a server may take less. */
const FIRST_BYTES = 16_384;
/** Of a slow line. Its chunks are half of that: while one is acknowledged the next is on its way. */
const MIN_BYTES = 8192;
const MAX_BYTES = 262_144;
/** What a line holds besides a round trip: more only makes others wait. */
const QUEUE_MS = 1000;
/** An unknown line is not expected to be slower than this. */
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
  let line = 0;

  const hasRoom = (): boolean => flying === 0 || flying < windowBytes;
  function next(): void {
    while (hasRoom()) {
      const first = waiting.shift();
      if (!first) return;
      flying += first.bytes;
      first.go();
    }
  }
  /** The window doubles and more in a round trip, up to what the measured rate moves in a round trip and a second. */
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
      const entered = line;
      return {
        leave(wasAcknowledged) {
          if (entered !== line) return;
          flying -= bytes;
          if (wasAcknowledged) learn(bytes, sentAt);
          next();
        },
      };
    },
    drainMs: () => flying / (perMs ?? SLOWEST_PER_MS),
    roundTrip: (ms) => void (roundTripMs = Math.min(roundTripMs ?? ms, ms)),
    restart() {
      line++;
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

/** Waits in the queue. @throws the signal's reason; it leaves the queue then. */
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

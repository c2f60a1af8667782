import { connectEngine, type Connection } from "./connection.ts";
import { EngineError } from "./engine.ts";
import type { ReplyMode } from "./frame.ts";

/** After a `single` reply a connection rests this long, and then serves the same user first: a second frame shows. */
const REST_MS = 50;
const IDLE_MS = 60_000;
/** Most callers that may wait for a connection; beyond, the engine counts as unavailable. */
const MAX_WAITING = 10_000;

interface Idle {
  readonly connection: Connection;
  readonly affinity: string;
  readonly since: number;
}

export interface Pool {
  /** A connection for one ask: an idle one of the same user, any rested one, a new one, or the next to be free. */
  acquire(affinity: string, signal: AbortSignal): Promise<Connection>;
  /** Gives a connection back after an ask that ended well; any other is destroyed with `discard`. */
  release(connection: Connection, affinity: string): void;
  discard(connection: Connection): void;
  readonly size: number;
  close(): void;
}

export function createPool(of: { url: string; reply: ReplyMode; connections: number; maxFrameBytes: number }): Pool {
  const idle: Idle[] = [];
  const waiting = new Set<() => void>();
  let size = 0;
  let closed = false;
  const restMs = of.reply === "single" ? REST_MS : 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (const one of [...idle]) if (now - one.since > IDLE_MS) drop(one);
  }, IDLE_MS / 4);
  timer.unref();

  function drop(one: Idle): void {
    const index = idle.indexOf(one);
    if (index < 0) return;
    idle.splice(index, 1);
    discard(one.connection);
  }
  function discard(connection: Connection): void {
    connection.destroy();
    size--;
    wake();
  }
  function wake(): void {
    const [first] = waiting;
    if (!first) return;
    waiting.delete(first);
    first();
  }
  /** The rest is over for others when a second frame would have come; the same user may have it at once. */
  function fit(affinity: string): Idle | undefined {
    const now = performance.now();
    return idle.findLast((one) => one.affinity === affinity) ?? idle.find((one) => now - one.since >= restMs);
  }

  return {
    get size() {
      return size;
    },
    async acquire(affinity, signal) {
      while (!closed) {
        signal.throwIfAborted();
        const one = fit(affinity);
        if (one) {
          idle.splice(idle.indexOf(one), 1);
          if (one.connection.open) return one.connection;
          discard(one.connection);
          continue;
        }
        if (size < of.connections) {
          size++;
          try {
            return await connectEngine(of.url, of.maxFrameBytes, signal);
          } catch (error) {
            size--;
            wake();
            throw error;
          }
        }
        if (waiting.size >= MAX_WAITING) throw new EngineError("unavailable", "too many asks wait for the engine");
        await wait(signal);
      }
      throw new EngineError("unavailable", "the engine's pool is closed");
    },
    release(connection, affinity) {
      if (closed || !connection.open) return discard(connection);
      const one: Idle = { connection, affinity, since: performance.now() };
      // Nobody asked: a frame now is a late one, and what else comes on this connection cannot be trusted.
      connection.onFrame = () => drop(one);
      connection.onClose = () => drop(one);
      idle.push(one);
      if (waiting.size > 0) setTimeout(wake, restMs).unref();
    },
    discard,
    close() {
      closed = true;
      clearInterval(timer);
      for (const one of [...idle]) drop(one);
      while (waiting.size > 0) wake();
    },
  };

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      // Resting connections give no sign when their rest is over: look again after one.
      const again = setTimeout(go, REST_MS * 2);
      function go(): void {
        settle();
        resolve();
      }
      function abort(): void {
        settle();
        reject(signal.reason as Error);
      }
      function settle(): void {
        clearTimeout(again);
        waiting.delete(go);
        signal.removeEventListener("abort", abort);
      }
      waiting.add(go);
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}

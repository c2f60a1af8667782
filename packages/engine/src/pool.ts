import { connectEngine, type ConnectOptions, type Connection } from "./connection.ts";
import type { EngineAsk } from "./engine.ts";
import { EngineError, failure } from "./failure/engine-error.ts";
import { isNoise } from "./frame.ts";
import {
  EMPTY_POOL,
  nextTick,
  stepPool,
  type PoolAction,
  type PoolInput,
  type PoolRequest,
  type PoolRule,
} from "./pool-state.ts";

/** The use of a connection by one ask. Only the first call of `release` or `discard` has an effect. */
export interface Lease {
  readonly connection: Connection;
  /** Whether a frame without the ask's `unique_id` must be refused, because it may belong to another user's ask. */
  readonly mustEcho: boolean;
  /**
   * Returns the connection to the pool after a complete reply. `echoed`: whether each frame of the reply had the ask's
   * `unique_id`.
   */
  release(echoed: boolean): void;
  /** Closes the connection: no other ask may use it. */
  discard(): void;
}

/** The connections to one engine. {@link stepPool} decides what happens; a Pool does the I/O. */
export interface Pool {
  /** Waits for a connection. @throws EngineError of a connection that did not open; the signal's reason. */
  acquire(ask: EngineAsk, signal: AbortSignal): Promise<Lease>;
  /** The number of connections that are open or opening. */
  readonly size: number;
  /** Closes all connections, also those in use, and refuses the calls that wait. */
  close(): void;
}

/** After this many ms, opening a connection counts as late. */
const LATE_MS = 1000;
/**
 * For how many ms an ask whose new connection is late or was refused may get another connection. If the new one was
 * refused, the call fails after this time, and the caller retries it.
 */
const REUSE_MS = 10_000;

interface Caller {
  readonly request: Omit<PoolRequest, "ticket">;
  readonly resolve: (lease: Lease | Promise<Lease>) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal;
}

/**
 * Creates a pool, which has no connection yet. `rule`: returns the limits; called before each decision. `onIdleFrame`:
 * called when the engine sends a frame with a text on a connection that no ask uses.
 */
export function createPool(rule: () => PoolRule, options: ConnectOptions, onIdleFrame?: () => void): Pool {
  return new SocketPool(rule, options, onIdleFrame);
}

class SocketPool implements Pool {
  readonly #rule: () => PoolRule;
  readonly #options: ConnectOptions;
  readonly #onIdleFrame: (() => void) | undefined;
  readonly #closing = new AbortController();
  readonly #sockets = new Map<number, Connection>();
  readonly #callers = new Map<number, Caller>();
  #state = EMPTY_POOL;
  #tickets = 0;
  #timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined;

  constructor(rule: () => PoolRule, options: ConnectOptions, onIdleFrame?: () => void) {
    this.#rule = rule;
    this.#options = options;
    this.#onIdleFrame = onIdleFrame;
  }

  get size(): number {
    return this.#state.members.length;
  }

  acquire({ affinity, uniqueId }: Pick<EngineAsk, "affinity" | "uniqueId">, signal: AbortSignal): Promise<Lease> {
    return this.#request({ affinity, uniqueId }, signal);
  }

  #request(request: Omit<PoolRequest, "ticket">, signal: AbortSignal): Promise<Lease> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const ticket = ++this.#tickets;
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    const abort = (): void => {
      this.#callers.delete(ticket);
      reject(signal.reason as Error);
      this.#dispatch({ kind: "withdrawn", ticket });
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#callers.set(ticket, { request, resolve, reject, signal });
    this.#dispatch({ kind: "request", request: { ...request, ticket } });
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  close(): void {
    const error = failure("stopped");
    this.#closing.abort(error);
    for (const connection of this.#sockets.values()) connection.destroy(error);
    this.#dispatch({ kind: "closed" });
  }

  #dispatch(input: PoolInput): void {
    const now = performance.now();
    const step = stepPool(this.#state, input, now, this.#rule());
    this.#state = step.state;
    for (const action of step.actions) this.#perform(action);
    this.#schedule(now);
  }

  /**
   * Sets the timer for the next tick. A tick that comes too early changes nothing, so a timer is replaced only if an
   * earlier tick is needed.
   */
  #schedule(now: number): void {
    const at = nextTick(this.#state, now, this.#rule());
    if (at === undefined || (this.#timer && this.#timer.at <= at)) return;
    clearTimeout(this.#timer?.handle);
    const tick = (): void => {
      this.#timer = undefined;
      this.#dispatch({ kind: "tick" });
    };
    this.#timer = { at, handle: setTimeout(tick, Math.max(1, at - now)).unref() };
  }

  #perform(action: PoolAction): void {
    if (action.do === "end") return this.#end(action.socket);
    const caller = this.#callers.get(action.ticket);
    this.#callers.delete(action.ticket);
    if (!caller) throw new Error(`no caller has ticket ${action.ticket}`);
    switch (action.do) {
      case "refuse":
        return caller.reject(failure(action.why));
      case "assign": {
        const connection = this.#sockets.get(action.socket);
        if (!connection) throw new Error(`there is no socket ${action.socket}`);
        if (connection.owesPong) {
          // The engine has not answered a ping on this connection. A server that is stopping slowly may keep a
          // connection open without replying on it, so the connection is discarded.
          this.#discard(action.socket);
          return caller.resolve(this.#request({ ...caller.request, reuseOnly: false }, caller.signal));
        }
        return caller.resolve(this.#lease(action.socket, connection, action.mustEcho));
      }
      case "connect":
        return caller.resolve(this.#openOrReuse(action.socket, caller));
    }
  }

  /**
   * Opens a connection. If that takes too long, or if the engine refuses it, the ask may instead use a connection that
   * becomes free.
   */
  async #openOrReuse(socket: number, { request, signal }: Caller): Promise<Lease> {
    const opening = this.#open(socket, signal);
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), LATE_MS);
    const first = await Promise.race([opening, late.promise])
      .catch((error: unknown) => {
        const isAway = error instanceof EngineError && error.retry === "away";
        if (!isAway || this.#sockets.size === 0 || signal.aborted) throw error;
      })
      .finally(() => clearTimeout(timer));
    if (first) return first;
    if (this.#sockets.size === 0) return opening;
    const stop = new AbortController();
    const limits = AbortSignal.any([signal, stop.signal, AbortSignal.timeout(REUSE_MS)]);
    const other = this.#request({ ...request, reuseOnly: true }, limits);
    try {
      const lease = await Promise.any([opening, other]);
      // If `opening` and `other` both resolve, the connection that is not `lease` returns to the pool.
      for (const one of [opening, other])
        // A promise that has rejected has no connection to return.
        one.then((second) => second !== lease && second.release(true)).catch(() => undefined);
      return lease;
    } catch {
      return await opening; // both have failed; the error of `opening` tells more than that of `other`
    } finally {
      stop.abort();
    }
  }

  async #open(socket: number, signal: AbortSignal): Promise<Lease> {
    const closing = this.#closing.signal;
    try {
      const connection = await connectEngine(this.#options, AbortSignal.any([signal, closing]));
      this.#sockets.set(socket, connection);
      if (closing.aborted) {
        this.#end(socket);
        throw closing.reason;
      }
      return this.#lease(socket, connection, false);
    } catch (error) {
      this.#dispatch({ kind: "gone", socket });
      throw error;
    }
  }

  #end(socket: number): void {
    this.#sockets.get(socket)?.destroy();
    this.#sockets.delete(socket);
  }

  #discard(socket: number): void {
    this.#end(socket);
    this.#dispatch({ kind: "gone", socket });
  }

  #lease(socket: number, connection: Connection, mustEcho: boolean): Lease {
    let held = true;
    const once = (act: () => void): void => {
      if (!held) return;
      held = false;
      act();
    };
    return {
      connection,
      mustEcho,
      discard: () => once(() => this.#discard(socket)),
      release: (echoed) => once(() => this.#release(socket, connection, echoed)),
    };
  }

  #release(socket: number, connection: Connection, echoed: boolean): void {
    if (!connection.open) return this.#discard(socket);
    // A frame that arrives while no ask uses the connection belongs to an earlier reply. Further ones could count as
    // parts of the next reply, so the connection is discarded.
    const frame = (raw: string): void => {
      if (isNoise(raw)) return;
      this.#discard(socket);
      this.#onIdleFrame?.();
    };
    connection.listen({ frame, end: () => this.#discard(socket) });
    this.#dispatch({ kind: "released", socket, echoed });
  }
}

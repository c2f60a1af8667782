import { connectEngine, type ConnectOptions, type Connection } from "./connection.ts";
import { EngineError, type EngineAsk } from "./engine.ts";
import { lend, nextTick, NO_LENDING, type LendingAction, type LendingInput, type LendingRule } from "./lending.ts";

/** A connection for one ask. What is done first with it counts, and everything after that does nothing. */
export interface Lent {
  readonly connection: Connection;
  /** A frame without the ask's `unique_id` may be somebody else's. */
  readonly mustEcho: boolean;
  /** After a reply that ended well and with nothing behind it. `echoed`: each of its frames carried its `unique_id`. */
  giveBack(echoed: boolean): void;
  throwAway(): void;
}

/** The sockets to one engine: the I/O around {@link lend}. */
export interface Pool {
  /** @throws EngineError `unavailable`; the signal's reason, also while it waits for a free one. */
  acquire(ask: EngineAsk, signal: AbortSignal): Promise<Lent>;
  /** Open or opening. */
  readonly size: number;
  /** Ends all connections, lent ones too, and refuses who waits. */
  close(): void;
}

interface Waiting {
  readonly resolve: (lent: Lent | Promise<Lent>) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal;
}

/** `onIdleFrame` is called when the engine sends a frame on a connection that no ask holds. */
export function createPool(rule: LendingRule, options: ConnectOptions, onIdleFrame?: () => void): Pool {
  const closing = new AbortController();
  const sockets = new Map<number, Connection>();
  const callers = new Map<number, Waiting>();
  let lending = NO_LENDING;
  let tickets = 0;
  let timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined;

  function dispatch(input: LendingInput): void {
    const now = performance.now();
    const step = lend(lending, input, now, rule);
    lending = step.lending;
    for (const action of step.actions) perform(action);
    watch(now);
  }

  /** Looks again when something is due. A tick too early changes nothing: so a timer is only replaced by an earlier one. */
  function watch(now: number): void {
    const at = nextTick(lending, now, rule);
    if (at === undefined || (timer && timer.at <= at)) return;
    clearTimeout(timer?.handle);
    const handle = setTimeout(
      () => {
        timer = undefined;
        dispatch({ kind: "tick" });
      },
      Math.max(1, at - now),
    ).unref();
    timer = { at, handle };
  }

  function perform(action: LendingAction): void {
    if (action.do === "end") return end(action.socket);
    const caller = callers.get(action.ticket);
    callers.delete(action.ticket);
    if (!caller) throw new Error("a connection was lent to nobody");
    switch (action.do) {
      case "refuse":
        return caller.reject(
          new EngineError(
            "unavailable",
            action.why === "full" ? "too many asks wait for the engine" : "the engine's pool is closed",
          ),
        );
      case "lend": {
        const connection = sockets.get(action.socket);
        if (!connection) throw new Error("a connection was lent that is not there");
        return caller.resolve(lent(action.socket, connection, action.mustEcho));
      }
      case "connect":
        return caller.resolve(open(action.socket, caller.signal));
    }
  }

  async function open(socket: number, signal: AbortSignal): Promise<Lent> {
    try {
      const connection = await connectEngine(options, AbortSignal.any([signal, closing.signal]));
      sockets.set(socket, connection);
      if (closing.signal.aborted) {
        end(socket);
        throw closing.signal.reason;
      }
      return lent(socket, connection, false);
    } catch (error) {
      dispatch({ kind: "gone", socket });
      throw error;
    }
  }

  function end(socket: number): void {
    sockets.get(socket)?.destroy();
    sockets.delete(socket);
  }

  function lent(socket: number, connection: Connection, mustEcho: boolean): Lent {
    let held = true;
    const once = (act: () => void): void => {
      if (!held) return;
      held = false;
      act();
    };
    const gone = (): void => {
      end(socket);
      dispatch({ kind: "gone", socket });
    };
    return {
      connection,
      mustEcho,
      throwAway: () => once(gone),
      giveBack: (echoed) =>
        once(() => {
          if (!connection.open) return gone();
          // A frame that arrives between asks belongs to an earlier reply, so later frames cannot be trusted either.
          const frame = (): void => {
            gone();
            onIdleFrame?.();
          };
          connection.listen({ frame, end: gone });
          dispatch({ kind: "returned", socket, echoed });
        }),
    };
  }

  return {
    get size() {
      return lending.members.length;
    },
    acquire({ affinity, uniqueId }, signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      const ticket = ++tickets;
      const { promise, resolve, reject } = Promise.withResolvers<Lent>();
      const abort = (): void => {
        callers.delete(ticket);
        reject(signal.reason as Error);
        dispatch({ kind: "withdrawn", ticket });
      };
      signal.addEventListener("abort", abort, { once: true });
      callers.set(ticket, { resolve, reject, signal });
      dispatch({ kind: "wish", wish: { ticket, affinity, uniqueId } });
      return promise.finally(() => signal.removeEventListener("abort", abort));
    },
    close() {
      const error = new EngineError("unavailable", "the engine's pool is closed");
      closing.abort(error);
      for (const connection of sockets.values()) connection.destroy(error);
      dispatch({ kind: "closed" });
    },
  };
}

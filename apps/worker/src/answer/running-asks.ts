import { confirm, type Store, type TakenAsk } from "@docrelay/channel";
import { originOf } from "../report/failure.ts";

/** An ask whose engine call runs in this process. */
export interface RunningAsk {
  readonly ask: TakenAsk;
  readonly owner: string;
  /** Called when something other than the call itself ends the attempt. */
  notify(change: { kind: "cancelled" | "stale" | "ended" | "abandoned" }): void;
}

export interface RunningAsks extends AsyncDisposable {
  /** Adds an ask until the returned function is called. */
  add(running: RunningAsk): () => void;
  /** Handles a hint that an ask was cancelled: if the ask runs here, its record is read. */
  hint(address: { u: string; a: string }): void;
  /** Notifies all running asks that another worker is to continue them. */
  abandon(): void;
  readonly size: number;
}

const CONFIRM_EVERY_MS = 1000;

/**
 * Reads the owner of each running ask once a second. This finds cancellations whose hint was lost, and asks that
 * another worker has taken.
 */
export function createRunningAsks(
  store: Store,
  onError: (error: unknown) => void,
  everyMs = CONFIRM_EVERY_MS,
): RunningAsks {
  const asks = new Map<string, RunningAsk>();
  const confirming = new Set<string>();

  async function confirmOne(key: string, { ask, owner, notify }: RunningAsk): Promise<void> {
    if (confirming.has(key)) return;
    confirming.add(key);
    try {
      const reply = await confirm(store, ask, owner);
      if (reply.kind !== "ok" && asks.get(key)?.owner === owner) notify({ kind: reply.kind });
    } catch (error) {
      // Errors of the store are not reported: the attempt's own writes meet them too, and the check runs again.
      if (originOf(error).kind !== "store") onError(error);
    } finally {
      confirming.delete(key);
    }
  }

  const timer = setInterval(() => {
    for (const [key, running] of asks) void confirmOne(key, running);
  }, everyMs);

  const keyOf = ({ u, a }: { u: string; a: string }): string => `${u}/${a}`;
  return {
    add(running) {
      const key = keyOf(running.ask.address);
      asks.set(key, running);
      return () => {
        if (asks.get(key) === running) asks.delete(key);
      };
    },
    hint(address) {
      const running = asks.get(keyOf(address));
      if (running) void confirmOne(keyOf(address), running);
    },
    abandon() {
      for (const running of [...asks.values()]) running.notify({ kind: "abandoned" });
    },
    get size() {
      return asks.size;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      asks.clear();
    },
  };
}

import { confirm, type Store, type TakenAsk } from "@docrelay/channel";
import { originOf } from "../report/failure.ts";

/** An ask whose engine call runs in this process. */
export interface RunningAsk {
  readonly ask: TakenAsk;
  readonly owner: string;
  /**
   * Called when the attempt must end before the engine has sent the whole reply, for example because the user has
   * cancelled the ask.
   */
  notify(change: { kind: "cancelled" | "stale" | "ended" | "abandoned" }): void;
}

export interface RunningAsks extends AsyncDisposable {
  /** Adds an ask whose engine call has begun; the returned function removes it. */
  add(running: RunningAsk): () => void;
  /** Handles a hint that an ask was cancelled: if the ask runs here, its record is read to see whether that is true. */
  hint(address: { u: string; a: string }): void;
  /** Ends the attempts of all running asks, because this process stops: another worker is to continue them. */
  abandon(): void;
  readonly size: number;
}

const CONFIRM_EVERY_MS = 1000;

/**
 * Checks the record of each running ask once a second. The checks find cancellations whose hint was lost, and asks that
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
      // An error of the store is not reported, because `confirmOne` runs again after a second.
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

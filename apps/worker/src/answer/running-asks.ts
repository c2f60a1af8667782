import { renew, type Store, type TakenAsk } from "@docrelay/channel";
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
  /** A hint that an ask was cancelled: if it runs here, its record is read. */
  hint(address: { u: string; a: string }): void;
  /** Notifies all of them that another worker is to take over. */
  abandon(): void;
  readonly size: number;
}

const RENEW_EVERY_MS = 1000;

/**
 * Renews each running ask once a second. This tells the sweeper that its owner is alive, and finds a cancel whose hint
 * was lost, or that another worker has taken the ask.
 */
export function createRunningAsks(
  store: Store,
  onError: (error: unknown) => void,
  everyMs = RENEW_EVERY_MS,
): RunningAsks {
  const asks = new Map<string, RunningAsk>();
  const renewing = new Set<string>();

  async function renewOne(key: string, { ask, owner, notify }: RunningAsk): Promise<void> {
    if (renewing.has(key)) return;
    renewing.add(key);
    try {
      const reply = await renew(store, ask, owner);
      if (reply.kind !== "ok" && asks.get(key)?.owner === owner) notify({ kind: reply.kind });
    } catch (error) {
      // An error of the store is not reported: the attempt's own writes meet it, and the next renewal comes.
      if (originOf(error).kind !== "store") onError(error);
    } finally {
      renewing.delete(key);
    }
  }

  const timer = setInterval(() => {
    for (const [key, running] of asks) void renewOne(key, running);
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
      if (running) void renewOne(keyOf(address), running);
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

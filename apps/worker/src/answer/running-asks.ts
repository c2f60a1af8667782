import { renew, type Store, type TakenAsk } from "@docrelay/channel";
import { originOf } from "../report/failure.ts";

/** What a running ask hears from outside of its own attempt. */
export interface RunningAsk {
  readonly ask: TakenAsk;
  readonly owner: string;
  tell(news: { kind: "cancelled" | "stale" | "ended" | "abandoned" }): void;
}

/** The asks that this process is getting answered now. */
export interface RunningAsks extends AsyncDisposable {
  /** Until the answer is called. */
  add(running: RunningAsk): () => void;
  /** A hint that an ask was cancelled: its record is looked at, if it runs here. */
  hint(at: { u: string; a: string }): void;
  /** Tells all of them that somebody else is to go on. */
  abandon(): void;
  readonly size: number;
}

const RENEW_EVERY_MS = 1000;

/**
 * Renews each ask once a second: that keeps the sweeper away, and learns of a cancel whose hint was lost and of another
 * worker that has taken the ask meanwhile.
 */
export function createRunningAsks(
  store: Store,
  onError: (error: unknown) => void,
  everyMs = RENEW_EVERY_MS,
): RunningAsks {
  const all = new Map<string, RunningAsk>();
  const asking = new Set<string>();

  async function look(key: string, { ask, owner, tell }: RunningAsk): Promise<void> {
    if (asking.has(key)) return; // the last look has no answer yet
    asking.add(key);
    try {
      const answer = await renew(store, ask, owner);
      if (answer.kind !== "ok" && all.get(key)?.owner === owner) tell({ kind: answer.kind });
    } catch (error) {
      // The store is away: the attempt itself notices, and the next look comes.
      if (originOf(error).kind !== "store") onError(error);
    } finally {
      asking.delete(key);
    }
  }

  const timer = setInterval(() => {
    for (const [key, running] of all) void look(key, running);
  }, everyMs);

  const keyOf = (at: { u: string; a: string }): string => `${at.u}/${at.a}`;
  return {
    add(running) {
      const key = keyOf(running.ask.address);
      all.set(key, running);
      return () => {
        if (all.get(key) === running) all.delete(key);
      };
    },
    hint(at) {
      const running = all.get(keyOf(at));
      if (running) void look(keyOf(at), running);
    },
    abandon() {
      for (const running of [...all.values()]) running.tell({ kind: "abandoned" });
    },
    get size() {
      return all.size;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      all.clear();
    },
  };
}

import { askAddress, conversationAddress, hasAsk, type Store } from "@docrelay/channel";

/** An ask that was acknowledged as durable. */
export interface AcknowledgedAsk {
  readonly user: string;
  readonly conversation: string;
  readonly id: string;
  readonly trace: string;
}

/**
 * The asks that this edge has acknowledged lately. After a failover, the edge finds the ones that the new Redis does
 * not have.
 */
export interface Acknowledged {
  add(ask: AcknowledgedAsk): void;
  /**
   * The user has deleted a conversation: its missing asks do not count as lost. `c`: the id of the conversation's
   * address.
   */
  deleted(c: string): void;
  /**
   * Call it when Redis is back. If Redis is another process than before, `onLost` gets the asks that the new process
   * does not have, and this edge forgets these asks. @throws ioredis errors; then call it again.
   */
  check(): Promise<void>;
}

/** Longer than the time in which a failover can lose an ask. */
const KEEP_MS = 120_000;
const MAX_KEPT = 10_000;
const ASKED_AT_ONCE = 500;

export interface AcknowledgedOptions {
  readonly store: Store;
  onLost(ask: AcknowledgedAsk): void;
  readonly now?: () => number;
}

export function createAcknowledged({ store, onLost, now = Date.now }: AcknowledgedOptions): Acknowledged {
  const keepMs = Math.min(KEEP_MS, store.retentionMs);
  /** In order of their acknowledgements. */
  const kept = new Map<string, AcknowledgedAsk & { readonly c: string; readonly at: number }>();
  let server: string | undefined;

  function forgetOld(): void {
    for (const [key, { at }] of kept) {
      if (kept.size <= MAX_KEPT && now() - at < keepMs) return;
      kept.delete(key);
    }
  }

  return {
    add(ask) {
      const { c } = conversationAddress(ask.user, ask.conversation);
      kept.set(`${ask.user}\0${ask.id}`, { ...ask, c, at: now() });
      forgetOld();
    },
    deleted(c) {
      for (const [key, ask] of kept) if (ask.c === c) kept.delete(key);
    },
    async check() {
      const found = await processOf(store);
      if (server !== undefined && server === found) return;
      forgetOld();
      const asks = [...kept];
      for (let from = 0; from < asks.length; from += ASKED_AT_ONCE) {
        const some = asks.slice(from, from + ASKED_AT_ONCE);
        const there = await Promise.all(
          some.map(([, { user, conversation, id }]) => hasAsk(store, askAddress(user, conversation, id))),
        );
        for (const [index, [key, ask]] of some.entries()) {
          if (there[index] === true || !kept.delete(key)) continue;
          onLost(ask);
        }
      }
      // Set only now: a check that fails half way must run again.
      server = found;
    },
  };
}

/** Returns a name of the Redis process; undefined where the Redis user may not read one. */
async function processOf({ redis }: Store): Promise<string | undefined> {
  const info = await redis.info("server").catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith("NOPERM")) return "";
    throw error;
  });
  return /^run_id:(\w+)/m.exec(info)?.[1];
}

import { askAddress, conversationAddress, hasAsk, type Store } from "@docrelay/channel";

export interface AcknowledgedAsk {
  readonly user: string;
  readonly conversation: string;
  readonly id: string;
  readonly trace: string;
}

/**
 * The asks that this edge has acknowledged lately. After a failover of Redis, the edge looks up which of them are lost.
 */
export interface Acknowledged {
  add(ask: AcknowledgedAsk): void;
  /**
   * Must be called when a user has deleted a conversation, so that its asks, which are then missing in Redis, do not
   * count as lost. `c` is the field `c` of the conversation's address.
   */
  deleted(c: string): void;
  /**
   * Must be called after each reconnect to Redis, and again if it throws. If the Redis process that answers is not the
   * one of the last check, calls `onLost` for each remembered ask that the new process does not have, and forgets that
   * ask. @throws ioredis errors
   */
  check(): Promise<void>;
}

/** How long an acknowledged ask is remembered: longer than the time in which a failover can lose an ask. */
const KEEP_MS = 120_000;
const MAX_KEPT = 10_000;
const ASKED_AT_ONCE = 500;

export interface AcknowledgedOptions {
  readonly store: Store;
  onLost(ask: AcknowledgedAsk): void;
  readonly now?: () => number;
}

export function createAcknowledged({
  store,
  onLost,
  now = () => performance.now(),
}: AcknowledgedOptions): Acknowledged {
  const keepMs = Math.min(KEEP_MS, store.retentionMs);
  /** The remembered asks by user and id, the oldest acknowledgement first. `at`: when it was acknowledged, in ms. */
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
      // `server` is set only at the end: a check that failed half way must look up the remaining asks when it is called
      // again.
      server = found;
    },
  };
}

/** Returns the `run_id` of the Redis process; undefined if the Redis user may not run `INFO`. */
async function processOf({ redis }: Store): Promise<string | undefined> {
  const info = await redis.info("server").catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith("NOPERM")) return "";
    throw error;
  });
  return /^run_id:(\w+)/m.exec(info)?.[1];
}

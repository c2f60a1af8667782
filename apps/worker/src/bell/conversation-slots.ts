import type { ConversationAddress } from "@docrelay/channel";
import { backoff } from "@docrelay/protocol";

/** What happens to a conversation after its run: nothing, another worker takes it, or it runs here once more later. */
export type Disposition = "done" | "hand-back" | { readonly laterMs: number };

/** A conversation that a bell was rung for. */
export interface Rung {
  readonly conversation: ConversationAddress;
  /** See `take`. */
  readonly voided?: string;
  readonly hops?: number;
}

export interface SlotsOptions {
  /** Conversations that run at once at most. */
  readonly capacity: number;
  /** Never called for a conversation that still runs. Calling `taking` means: the next take covers all bells rung so far. */
  run(rung: Rung, taking: () => void): Promise<Disposition>;
  /** Rings the bell for another worker. */
  passOn(rung: Rung): void;
  onError(error: unknown): void;
}

/**
 * Runs the conversations whose bell was heard, each at most once at a time: a bell during a run becomes one more run after
 * it. Others wait in order of their bells while all slots are in use.
 */
export interface ConversationSlots {
  hear(rung: Rung): void;
  /** Running and waiting conversations. */
  readonly load: number;
  readonly active: number;
  readonly capacity: number;
  /** Passes waiting conversations on to a worker that has `free` slots. */
  share(free: number): void;
  /** Passes on what waits, and every later bell; what runs goes on. */
  stop(): Promise<void>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

/** The sweeper rings for the asks of bells that are dropped. */
const MAX_WAITING = 100_000;
/** A run fails when the store is away for long, or by a bug: after these tries the sweeper rings. */
const MAX_FAILURES = 4;
const AGAIN_MS = { firstMs: 250, longestMs: 4000 };
/** Full workers pass a bell on this often; then it waits where it is. */
const MAX_HOPS = 3;

export function createConversationSlots({ capacity, run, passOn, onError }: SlotsOptions): ConversationSlots {
  const running = new Map<string, { again: Rung | undefined }>();
  const waiting = new Map<string, Rung>();
  const later = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  const onIdle = new Set<() => void>();
  let stopped = false;

  function hear(heard: Rung): void {
    if (stopped) return passOn(heard);
    const key = keyOf(heard.conversation);
    // A plain bell must not replace what an earlier one knew of a dead worker.
    const rung = { ...(running.get(key)?.again ?? waiting.get(key)), ...heard };
    clearTimeout(later.get(key));
    later.delete(key);
    const current = running.get(key);
    if (current) current.again = rung;
    else if (running.size < capacity) void start(key, rung);
    else if (waiting.has(key) || waiting.size < MAX_WAITING) waiting.set(key, rung);
  }

  async function start(key: string, rung: Rung): Promise<void> {
    const current: { again: Rung | undefined } = { again: undefined };
    running.set(key, current);
    const how = await run(rung, () => void (current.again = undefined)).catch((error: unknown) => {
      onError(error);
      return failed(key);
    });
    if (how === "done" || how === "hand-back") failures.delete(key);
    running.delete(key);
    if (how === "hand-back") passOn({ conversation: rung.conversation });
    else if (typeof how === "object") runLater(key, rung, how.laterMs);
    if (current.again) hear(current.again);
    startNext();
    if (running.size === 0) for (const resolve of onIdle) resolve();
  }

  function startNext(): void {
    for (const [key, rung] of waiting) {
      if (stopped || running.size >= capacity) return;
      waiting.delete(key);
      void start(key, rung);
    }
  }

  function failed(key: string): Disposition {
    const times = (failures.get(key) ?? 0) + 1;
    if (times >= MAX_FAILURES) return "done";
    failures.set(key, times);
    return { laterMs: backoff(times - 1, AGAIN_MS, 1) };
  }

  function runLater(key: string, { conversation }: Rung, ms: number): void {
    if (stopped) return passOn({ conversation });
    const timer = setTimeout(() => hear({ conversation }), ms);
    timer.unref();
    later.set(key, timer);
  }

  return {
    hear,
    get load() {
      return running.size + waiting.size;
    },
    get active() {
      return running.size;
    },
    capacity,
    share(free) {
      for (const [key, rung] of waiting) {
        if (free <= 0) return;
        const hops = (rung.hops ?? 0) + 1;
        if (hops > MAX_HOPS) continue;
        free--;
        waiting.delete(key);
        passOn({ ...rung, hops });
      }
    },
    async stop() {
      stopped = true;
      for (const timer of later.values()) clearTimeout(timer);
      later.clear();
      for (const rung of waiting.values()) passOn(rung);
      waiting.clear();
    },
    async idle() {
      if (running.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle.add(resolve);
      await promise;
      onIdle.delete(resolve);
    },
  };
}

const keyOf = ({ shard, u, c }: ConversationAddress): string => `${shard}/${u}/${c}`;

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

export function createConversationSlots(options: SlotsOptions): ConversationSlots {
  const slots: State = {
    options,
    running: new Map(),
    waiting: new Map(),
    later: new Map(),
    failures: new Map(),
    onIdle: new Set(),
    stopped: false,
  };

  return {
    hear: (rung) => hear(slots, rung),
    get load() {
      return slots.running.size + slots.waiting.size;
    },
    get active() {
      return slots.running.size;
    },
    capacity: options.capacity,
    share: (free) => share(slots, free),
    async stop() {
      slots.stopped = true;
      for (const timer of slots.later.values()) clearTimeout(timer);
      slots.later.clear();
      for (const rung of slots.waiting.values()) options.passOn(rung);
      slots.waiting.clear();
    },
    async idle() {
      if (slots.running.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      slots.onIdle.add(resolve);
      await promise;
      slots.onIdle.delete(resolve);
    },
  };
}

/** All by a key of the conversation. */
interface State {
  readonly options: SlotsOptions;
  readonly running: Map<string, { again: Rung | undefined }>;
  readonly waiting: Map<string, Rung>;
  readonly later: Map<string, NodeJS.Timeout>;
  readonly failures: Map<string, number>;
  readonly onIdle: Set<() => void>;
  stopped: boolean;
}

function hear(slots: State, heard: Rung): void {
  if (slots.stopped) return slots.options.passOn(heard);
  const key = keyOf(heard.conversation);
  // A plain bell must not replace what an earlier one knew of a dead worker.
  const rung = { ...(slots.running.get(key)?.again ?? slots.waiting.get(key)), ...heard };
  clearTimeout(slots.later.get(key));
  slots.later.delete(key);
  const current = slots.running.get(key);
  if (current) current.again = rung;
  else if (slots.running.size < slots.options.capacity) void start(slots, key, rung);
  else if (slots.waiting.has(key) || slots.waiting.size < MAX_WAITING) slots.waiting.set(key, rung);
}

async function start(slots: State, key: string, rung: Rung): Promise<void> {
  const current: { again: Rung | undefined } = { again: undefined };
  slots.running.set(key, current);
  const how = await slots.options
    .run(rung, () => void (current.again = undefined))
    .catch((error: unknown) => {
      slots.options.onError(error);
      return failed(slots, key);
    });
  if (how === "done" || how === "hand-back") slots.failures.delete(key);
  slots.running.delete(key);
  if (how === "hand-back") slots.options.passOn({ conversation: rung.conversation });
  else if (typeof how === "object") runLater(slots, key, rung, how.laterMs);
  if (current.again) hear(slots, current.again);
  startNext(slots);
  if (slots.running.size === 0) for (const resolve of slots.onIdle) resolve();
}

function startNext(slots: State): void {
  for (const [key, rung] of slots.waiting) {
    if (slots.stopped || slots.running.size >= slots.options.capacity) return;
    slots.waiting.delete(key);
    void start(slots, key, rung);
  }
}

function failed(slots: State, key: string): Disposition {
  const times = (slots.failures.get(key) ?? 0) + 1;
  if (times >= MAX_FAILURES) return "done";
  slots.failures.set(key, times);
  return { laterMs: backoff(times - 1, AGAIN_MS, 1) };
}

function runLater(slots: State, key: string, { conversation }: Rung, ms: number): void {
  if (slots.stopped) return slots.options.passOn({ conversation });
  const timer = setTimeout(() => hear(slots, { conversation }), ms);
  timer.unref();
  slots.later.set(key, timer);
}

function share(slots: State, free: number): void {
  for (const [key, rung] of slots.waiting) {
    if (free <= 0) return;
    const hops = (rung.hops ?? 0) + 1;
    if (hops > MAX_HOPS) continue;
    free--;
    slots.waiting.delete(key);
    slots.options.passOn({ ...rung, hops });
  }
}

const keyOf = ({ shard, u, c }: ConversationAddress): string => `${shard}/${u}/${c}`;

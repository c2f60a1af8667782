import type { ConversationAddress } from "@docrelay/channel";
import { backoff } from "@docrelay/protocol";

/** What is to be done after a run of a conversation: nothing, ring for another worker, or run it here again later. */
export type Disposition = "done" | "hand-back" | { readonly laterMs: number };

/** A conversation that a bell was rung for. */
export interface Rung {
  readonly conversation: ConversationAddress;
  /** The owner whose worker is gone: the run takes the ask over from this owner, see `take`. */
  readonly voided?: string;
  readonly hops?: number;
}

export interface SlotsOptions {
  /** Most conversations that run at the same time. */
  readonly capacity: number;
  /**
   * Runs a conversation; never called while the same conversation runs. `run` calls `taking` just before each take,
   * because that take covers all bells heard so far.
   */
  run(rung: Rung, taking: () => void): Promise<Disposition>;
  /** Rings the bell for another worker. */
  passOn(rung: Rung): void;
  onError(error: unknown): void;
}

/**
 * Runs the conversations whose bell was heard, each at most once at a time: a bell during a run causes one more run
 * after it. While all slots are in use, other conversations wait in the order of their bells.
 */
export interface ConversationSlots {
  hear(rung: Rung): void;
  /** The number of running and waiting conversations. */
  readonly load: number;
  readonly active: number;
  readonly capacity: number;
  /** Passes waiting conversations on to a worker that has `free` slots. */
  share(free: number): void;
  /** Passes on all waiting conversations, and every later bell; running conversations continue. */
  stop(): Promise<void>;
  /** Resolves when no conversation runs. */
  idle(): Promise<void>;
}

/** Most waiting conversations; beyond it bells are dropped, and the sweeper rings for their asks. */
const MAX_WAITING = 100_000;
/**
 * A run fails when the store is away for long, or by a bug. After this many failures no further run follows, and the
 * sweeper rings.
 */
const MAX_FAILURES = 4;
const AGAIN_MS = { firstMs: 250, longestMs: 4000 };
/** A bell is passed on at most this many times between full workers; then its conversation waits where it is. */
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

/** Each map's keys are keys of conversations. */
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
  // A later bell must not drop what an earlier bell said about a dead worker.
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

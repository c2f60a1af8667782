import type { ConversationAddress } from "@docrelay/channel";
import { backoff } from "@docrelay/protocol";

/**
 * What is to be done after a conversation's asks were run: nothing; ring the bell for another worker; or run its asks
 * here again after `laterMs`.
 */
export type Disposition = "done" | "hand-back" | { readonly laterMs: number };

/** A conversation that a bell was rung for. */
export interface Rung {
  readonly conversation: ConversationAddress;
  /** The owner token of a worker that is gone: `take` may take the ask over from this owner. */
  readonly voided?: string;
  /** How many times a worker without a free slot has passed this bell on. */
  readonly hops?: number;
}

export interface SlotsOptions {
  /** The most conversations whose asks are run at the same time. */
  readonly capacity: number;
  /**
   * Runs the asks of a conversation. For one conversation, it is never called before its previous call has ended. It
   * must call `taking` just before each take: a bell that is heard before a take needs no further call of `run`, since
   * this take sees the ask for which the bell was rung.
   */
  run(rung: Rung, taking: () => void): Promise<Disposition>;
  /** Rings the conversation's bell for another worker. */
  passOn(rung: Rung): void;
  onError(error: unknown): void;
}

/**
 * Runs the asks of the conversations whose bells this worker hears, by calls of `run`. For one conversation there is
 * only one call at a time: a bell that is heard after the last take of a call causes one more call. While all slots are
 * in use, further conversations wait in the order of their bells.
 */
export interface ConversationSlots {
  hear(rung: Rung): void;
  /** The number of conversations whose asks this worker runs now, plus those that wait for a slot. */
  readonly load: number;
  /** The number of conversations whose asks this worker runs now. */
  readonly active: number;
  readonly capacity: number;
  /**
   * Must be called when another worker has `free` slots: passes at most `free` waiting conversations on to other
   * workers.
   */
  share(free: number): void;
  /** Passes all waiting conversations and every later bell on to other workers; asks that run already continue. */
  stop(): Promise<void>;
  /** Resolves when this worker runs the asks of no conversation. */
  idle(): Promise<void>;
}

/**
 * How many conversations may wait for a slot. Bells of further conversations are dropped, and the sweeper rings for
 * their asks again.
 */
const MAX_WAITING = 100_000;
/**
 * A call of `run` fails when Redis is away for long, or because of a bug. It is then repeated after a pause. After this
 * many failures in a row, the conversation instead waits until the sweeper rings again.
 */
const MAX_FAILURES = 4;
const AGAIN_MS = { firstMs: 250, longestMs: 4000 };
/** How many times workers without a free slot may pass a bell on. After that, the bell's conversation waits there. */
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

/** The state of the slots. The keys of all maps are the names of conversations that `keyOf` makes. */
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
  // The `voided` of an earlier bell is kept if the later bell has none.
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

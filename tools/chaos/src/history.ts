import type { Event } from "@docrelay/protocol";

/**
 * What was seen during a run, in order; `t` is milliseconds since its start. Clients, the engine and whoever breaks
 * things write it; the checker reads it afterwards and nothing else.
 */
export type Entry = { readonly t: number } & (
  | { kind: "meta"; seed: number; attempts: number; deadlineMs: number; faults: string }
  /** A client sent an ask for the first time. `marker`: a word that only its file holds. */
  | { kind: "sent"; user: string; conversation: string; ask: string; marker?: string }
  /** Acknowledged; once for each tab and send that was. */
  | { kind: "acked"; user: string; conversation: string; ask: string; seq: number; duplicate: boolean; ms: number }
  /** Given up by its client; `clean`: every send was refused for certain, so that nothing may have been stored. */
  | { kind: "refused"; user: string; conversation: string; ask: string; code: string; clean: boolean }
  /** A tab showed an event. `digest` stands for its whole content. */
  | ({ kind: "shown"; user: string; tab: string; conversation: string } & Shown)
  /** A tab was told that its log is another one, and forgot it. */
  | { kind: "reset"; user: string; tab: string; conversation: string }
  /** A tab heard nothing for long and looked: `found` events that nobody had told it of. */
  | { kind: "silence"; user: string; tab: string; conversation: string; found: number }
  /** A tab lost its connection and has caught up: since the loss, and since the new connection. */
  | { kind: "recovered"; user: string; tab: string; lostMs: number; catchUpMs: number }
  /** At the end, when all is quiet: what a tab has, and what a fresh client reads from scratch. */
  | { kind: "stood"; user: string; tab: string; conversation: string; seq: number; online: boolean }
  | { kind: "replayed"; user: string; conversation: string; events: readonly Event[]; first: number }
  /** The engine's `call`-th call for an ask, from 1; `text` is what it says when it says all of it. */
  | { kind: "call"; ask: string; call: number; text: string; sawFile: boolean }
  | { kind: "answered"; ask: string; call: number }
  /** Something was broken, for so long. */
  | { kind: "fault"; fault: string; target: string; forMs: number }
  /** A process ended that nobody had ended. */
  | { kind: "died"; process: string; how: string; lines: readonly string[] }
  | { kind: "memory"; process: string; bytes: number; limit: number }
  /** A worker's late attempt was refused by its fence. */
  | { kind: "fenced"; process: string; ask: string }
  /** A failpoint that no process crossed. */
  | { kind: "missed"; point: string }
  /** Keys that should have been gone when all was over. */
  | { kind: "leftover"; key: string }
);
export type EntryOf<K extends Entry["kind"]> = Extract<Entry, { kind: K }>;

export interface Shown {
  readonly seq: number;
  readonly nonce: string;
  readonly ask: string;
  readonly type: Event["type"];
  readonly attempt: number;
  readonly digest: string;
}

type Fact = Entry extends infer E ? (E extends Entry ? Omit<E, "t"> : never) : never;

export interface History {
  add(fact: Fact): void;
  readonly entries: readonly Entry[];
  /** Milliseconds since the start. */
  now(): number;
}

export function createHistory(listen: (entry: Entry) => void = () => undefined): History {
  const begun = performance.now();
  const entries: Entry[] = [];
  const now = (): number => Math.round(performance.now() - begun);
  return {
    entries,
    now,
    add(fact) {
      const entry = { t: now(), ...fact } as Entry;
      entries.push(entry);
      listen(entry);
    },
  };
}

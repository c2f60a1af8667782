import type { Event } from "@docrelay/protocol";

/**
 * The entries of a run's history, in order; `t` is in ms since its start. Clients, the engine and the breaker (which
 * causes the faults) write them. After the run, `check` decides by these entries alone whether docrelay kept its
 * guarantees.
 */
export type Entry = { readonly t: number } & (
  | { kind: "meta"; seed: number; attempts: number; deadlineMs: number; faults: string }
  /** A client sent an ask for the first time. `marker`: a word that only the ask's file contains. */
  | { kind: "sent"; user: string; conversation: string; ask: string; marker?: string }
  /** An ask was acknowledged. If the ask is sent again, the second acknowledgement is an entry of its own. */
  | { kind: "acked"; user: string; conversation: string; ask: string; seq: number; duplicate: boolean; ms: number }
  /** An edge answered that it has an upload's bytes up to `offset`. */
  | { kind: "stored"; user: string; upload: string; offset: number }
  /** The client gave up an ask. `clean`: every send was refused, so that nothing of the ask may be stored. */
  | { kind: "refused"; user: string; conversation: string; ask: string; code: string; clean: boolean }
  /** A tab showed an event. `digest` is a hash of its whole content. */
  | ({ kind: "shown"; user: string; tab: string; conversation: string } & Shown)
  /**
   * An edge replied that its log does not have the tab's position (`RESUME_LOST`), so the tab forgot what it had shown.
   */
  | { kind: "reset"; user: string; tab: string; conversation: string }
  /**
   * A tab got no event for some time and read the log. `found`: how many events in the log had not been delivered to
   * the tab.
   */
  | { kind: "silence"; user: string; tab: string; conversation: string; found: number }
  /** A tab caught up after a lost connection: `lostMs` after the loss, `catchUpMs` after the new connection. */
  | { kind: "recovered"; user: string; tab: string; lostMs: number; catchUpMs: number }
  /** After the run: up to which position a tab has shown events. */
  | { kind: "stood"; user: string; tab: string; conversation: string; seq: number; online: boolean }
  | { kind: "replayed"; user: string; conversation: string; events: readonly Event[]; first: number }
  /**
   * The engine's `call`-th call for an ask, from 1; `text` is the complete reply, of which the engine may send only a
   * part.
   */
  | { kind: "call"; ask: string; call: number; text: string; sawFile: boolean }
  | { kind: "answered"; ask: string; call: number }
  /** A fault, and how long it lasted. */
  | { kind: "fault"; fault: string; target: string; forMs: number }
  /** Redis was restored from its append-only file as it was at `keptAt`: what was acknowledged since may be gone. */
  | { kind: "rollback"; keptAt: number }
  /** A process ended although the run did not end it. */
  | { kind: "died"; process: string; how: string; lines: readonly string[] }
  | { kind: "memory"; process: string; bytes: number; limit: number }
  /** A late write of a worker was refused because its attempt was stale. */
  | { kind: "fenced"; process: string; ask: string }
  /** A failpoint that no process crossed. */
  | { kind: "missed"; point: string }
  /** Keys that should not exist after the run. */
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
  /** Milliseconds since the start of the run. */
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

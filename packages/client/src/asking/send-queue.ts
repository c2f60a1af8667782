import { wireError } from "@docrelay/protocol";
import { RelayError } from "../wire/relay-error.ts";
import { deliver, tellUpload, upload } from "./deliver.ts";
import { isSameAsk, outgoingOf, type Draft } from "./draft.ts";
import {
  cancelLate,
  createEntry,
  keep,
  stopEntry,
  tell,
  type Accepted,
  type Entry,
  type SendQueueDeps,
} from "./entry.ts";
import type { Outgoing } from "./outbox.ts";

/**
 * The asks of one conversation that are on their way to the server. They are sent in the order in which they were made:
 * an ask is sent when the ask before it was accepted, refused or stopped. Meanwhile the files of the first few asks are
 * uploaded.
 */
export interface SendQueue {
  readonly isEmpty: boolean;
  /**
   * Adds an ask, and resolves when the server has accepted it. Rejects with the server's refusal, or with the reason
   * given to `stop`.
   */
  add(draft: Draft): Promise<Accepted>;
  /**
   * Adds, before all other asks, those that an earlier web page left in the outbox. Also stores in the outbox the asks
   * that were made before the user was known.
   */
  restore(): void;
  /** Must be called when the connection was made or lost, because nothing is uploaded without a connection. */
  connectionChanged(): void;
  /** Returns the promise of an ask's acknowledgement; undefined when the ask is not on its way. */
  accepted(id: string): Promise<Accepted> | undefined;
  /**
   * Stops an ask at once, and cancels it if the server has accepted it already. Returns false when the ask is not on
   * its way.
   */
  stop(id: string, reason: unknown): boolean;
}

/**
 * The files of this many asks are uploaded at the same time, so that many waiting asks do not split the bandwidth among
 * all their files.
 */
const UPLOADS_AHEAD = 3;
export function createSendQueue(deps: SendQueueDeps): SendQueue {
  const { outbox, conversation, change } = deps;
  const entries: Entry[] = [];
  let isRunning = false;

  function enter(given: Pick<Entry, "draft" | "ask" | "wasSent">): Entry {
    const entry = createEntry(given, () => entries.splice(entries.indexOf(entry), 1));
    // An ask that the server's log has lost is sent again. It is older than the asks that were not sent yet, so its
    // place is before them.
    const younger = entries.findIndex(({ ask }) => ask.at > given.ask.at);
    entries.splice(younger < 0 ? entries.length : younger, 0, entry);
    show(deps, entry);
    return entry;
  }
  async function run(): Promise<void> {
    uploadAhead(deps, entries);
    if (isRunning || entries.length === 0) return;
    isRunning = true;
    for (let head = entries[0]; head; head = entries[0]) {
      void deliver(deps, head);
      await head.accepted.catch(() => undefined);
      uploadAhead(deps, entries);
    }
    isRunning = false;
    deps.onEmpty();
  }

  return {
    get isEmpty() {
      return entries.length === 0;
    },
    add(draft) {
      const known = entries.find(({ ask }) => ask.id === draft.id);
      if (known && isSameAsk(known.draft, draft)) return known.accepted;
      if (known) return Promise.reject(new RelayError(wireError("ASK_CONFLICT")));
      // The same ask may have been stopped before. It is asked again now, so the record of the stop is removed.
      outbox.settle(draft.id);
      const entry = enter({ draft, ask: outgoingOf(draft, conversation), wasSent: false });
      keep(deps, entry);
      void run();
      return entry.accepted;
    },
    restore() {
      for (const entry of entries) keep(deps, entry);
      for (const ask of outbox.kept()) {
        if (ask.conversation !== conversation || entries.some((entry) => entry.ask.id === ask.id)) continue;
        const entry = enter({ draft: draftOf(ask), ask, wasSent: true });
        if (!ask.stopped) continue;
        change({ type: "stopped", id: ask.id, after: ask.after });
        entry.end({ error: new DOMException("stopped", "AbortError") });
        cancelLate(deps, entry);
      }
      void run();
    },
    connectionChanged: () => entries.forEach((entry) => tellUpload(deps, entry)),
    accepted: (id) => entries.find(({ ask }) => ask.id === id)?.accepted,
    stop(id, reason) {
      const entry = entries.find(({ ask }) => ask.id === id);
      if (entry) stopEntry(deps, entry, reason);
      return entry !== undefined;
    },
  };
}

function uploadAhead(deps: SendQueueDeps, entries: readonly Entry[]): void {
  // `deliver` awaits the same promise later and handles its error.
  for (const entry of entries.slice(0, UPLOADS_AHEAD)) upload(deps, entry).catch(() => undefined);
}

/** Adds an ask to the turns, because it is now on its way to the server. */
function show(deps: SendQueueDeps, entry: Entry): void {
  const { id, message: question, replaces, at, files: all } = entry.ask;
  const files = all.map(({ name, size, upload }) => ({ name, size, ...(upload !== undefined && { upload }) }));
  deps.change({ type: "sending", id, question, files, replaces, at });
  tell(deps, entry, { stage: "waiting" });
}

/** Makes the draft of an ask that an earlier web page left in the outbox. */
function draftOf({ id, message, at, replaces, files: all }: Outgoing): Draft {
  const files = all.flatMap(({ upload, name, size }) => (upload === undefined ? [] : [{ upload, name, size }]));
  return { id, message, files, replaces, at };
}

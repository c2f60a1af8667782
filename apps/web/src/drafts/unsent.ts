import type { DraftStorage } from "./drafts.ts";

/**
 * Questions of this tab that neither the server nor the SDK's outbox has, because their files are being uploaded or the
 * server has refused them. After a reload they are put back into the question field.
 */
export interface Unsent {
  hold(conversation: string, ask: string, question: string): void;
  release(ask: string): void;
  /** Whether questions are held for a conversation. */
  has(conversation: string): boolean;
  /**
   * Returns the questions held for a conversation, in order, and releases them. Questions whose id is in `going` stay
   * held.
   */
  take(conversation: string, going: { has(ask: string): boolean }): string[];
}

const KEY = "docrelay:unsent";
const MAX_KEPT = 20;
type Held = readonly [ask: string, conversation: string, question: string];

/**
 * `storage` is the tab's own storage. A duplicated tab begins with a copy of it, so `going` must include the asks
 * that the original tab is still sending.
 */
export function createUnsent(storage: () => DraftStorage): Unsent {
  let held = read();

  function read(): Held[] {
    try {
      const list: unknown = JSON.parse(storage().getItem(KEY) ?? "[]");
      return Array.isArray(list) ? list.filter(isHeld) : [];
    } catch {
      return []; // the browser blocks the storage, or another program wrote an invalid value
    }
  }
  function keep(next: Held[]): void {
    held = next;
    try {
      storage().setItem(KEY, JSON.stringify(held));
    } catch {
      // The storage is blocked or full: the questions are held in memory, until the page ends.
    }
  }
  const without = (ask: string): Held[] => held.filter(([id]) => id !== ask);
  return {
    hold: (conversation, ask, question) =>
      keep([...without(ask), [ask, conversation, question] as const].slice(-MAX_KEPT)),
    release(ask) {
      if (held.some(([id]) => id === ask)) keep(without(ask));
    },
    has: (conversation) => held.some(([, where]) => where === conversation),
    take(conversation, going) {
      const isMine = ([ask, where]: Held): boolean => where === conversation && !going.has(ask);
      const mine = held.filter(isMine);
      if (mine.length > 0) keep(held.filter((one) => !isMine(one)));
      return mine.map(([, , question]) => question).filter((question) => question !== "");
    },
  };
}

function isHeld(value: unknown): value is Held {
  return Array.isArray(value) && value.length === 3 && value.every((one) => typeof one === "string");
}

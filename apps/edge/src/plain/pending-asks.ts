import { wireError, type Event } from "@docrelay/protocol";
import { cancelledError } from "../report/failure.ts";
import { deltaFrame, errorFrame, replyFrame, type UniqueId } from "./reply.ts";

/** The asks of one plain socket that have no terminal event yet. */
export interface PendingAsks {
  readonly count: number;
  /** Adds an ask, whose events then go to the client until its terminal event, or until the ask is overdue. */
  add(ask: string, reply: { readonly uniqueId: UniqueId; readonly stream: boolean }): void;
  has(ask: string): boolean;
  remove(ask: string): void;
  /** Sends the frames that the client gets for one event of the conversation's log. */
  apply(event: Event): void;
  clear(): void;
}

interface Pending {
  readonly uniqueId: UniqueId;
  readonly stream: boolean;
  readonly overdue: NodeJS.Timeout;
  attempt: number;
}

/** @param overdueMs how long to wait for an ask's terminal event; then the client gets `ASK_EXPIRED`. */
export function createPendingAsks(overdueMs: number, send: (frame: string) => void): PendingAsks {
  const pending = new Map<string, Pending>();

  function remove(ask: string): void {
    clearTimeout(pending.get(ask)?.overdue);
    pending.delete(ask);
  }

  return {
    get count() {
      return pending.size;
    },
    add(ask, { uniqueId, stream }) {
      const overdue = setTimeout(() => {
        remove(ask);
        send(errorFrame(wireError("ASK_EXPIRED"), uniqueId));
      }, overdueMs);
      overdue.unref();
      pending.set(ask, { uniqueId, stream, overdue, attempt: 0 });
    },
    has: (ask) => pending.has(ask),
    remove,
    apply(event) {
      const waiting = pending.get(event.ask);
      if (!waiting) return;
      const { uniqueId, stream } = waiting;
      switch (event.type) {
        case "started":
          waiting.attempt = Math.max(waiting.attempt, event.attempt);
          return;
        case "delta":
          if (stream && event.attempt >= waiting.attempt) send(deltaFrame(event.text, uniqueId));
          return;
        case "completed":
          remove(event.ask);
          return send(replyFrame(event, uniqueId));
        case "failed":
          remove(event.ask);
          return send(errorFrame(event.error, uniqueId));
        case "cancelled":
          remove(event.ask);
          return send(errorFrame(cancelledError(), uniqueId));
        default:
      }
    },
    clear() {
      for (const { overdue } of pending.values()) clearTimeout(overdue);
      pending.clear();
    },
  };
}

import type { EventOf, LogEntry } from "./event.ts";

/** How an ask ended. */
export type Terminal = "completed" | "failed" | "cancelled";

/** Whether an event ends its ask. */
export function isTerminal(event: LogEntry): event is EventOf<Terminal> {
  return event.type === "completed" || event.type === "failed" || event.type === "cancelled";
}

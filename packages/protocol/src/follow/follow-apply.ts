import type { LogEntry } from "../messages/event.ts";
import { isTerminal } from "../messages/terminal.ts";
import type { FollowAction, FollowState, Step } from "./follow-state.ts";

const MAX_RECENT_EVENTS = 32;

/**
 * The result of applying events. `whole`: no event is missing. `gap`: an event in between is missing. `rewritten`: an
 * event that was applied before has another nonce now, so the log was rolled back.
 */
export type Verdict = "whole" | "gap" | "rewritten";

/**
 * Applies events that continue the log, and drops those that were applied before. Stops at the first gap or rewritten
 * event. An event of an unknown type is not applied, but its seq counts. `allAfter`: set if `events` are all events
 * that the log still has after this seq; a hole between them is then no gap.
 */
export function applyEvents(
  state: FollowState,
  events: readonly LogEntry[],
  now: number,
  allAfter?: number,
): Step & { readonly verdict: Verdict } {
  const actions: FollowAction[] = [];
  const recent = [...state.recent];
  let { last, running } = state;
  let verdict: Verdict = "whole";
  let before = allAfter ?? Infinity;
  for (const event of events) {
    // The log has dropped an event that was applied, so the log cannot be compared with the applied events.
    if (recent.some(({ seq }) => seq > before && seq < event.seq)) {
      verdict = "rewritten";
      break;
    }
    if (allAfter !== undefined) before = event.seq;
    if (last === undefined || (event.seq > last + 1 && allAfter === undefined)) {
      verdict = "gap";
      break;
    }
    if (event.seq <= last) {
      if (!recent.some(({ seq, nonce }) => seq === event.seq && nonce !== event.nonce)) continue;
      verdict = "rewritten";
      break;
    }
    if (event.type !== "unknown") actions.push({ type: "apply", event });
    last = event.seq;
    recent.push({ seq: event.seq, nonce: event.nonce, ask: event.ask });
    if (recent.length > MAX_RECENT_EVENTS) recent.shift();
    if (event.type === "accepted") running = new Set(running).add(event.ask);
    if (isTerminal(event)) running = new Set([...running].filter((ask) => ask !== event.ask));
  }
  const heard = last !== state.last ? { heardAt: now, silentOpens: 0 } : {};
  return { state: { ...state, last, recent, running, ...heard }, actions, verdict };
}

import type { LogEntry } from "../messages/event.ts";
import { isTerminal } from "../messages/terminal.ts";
import type { FollowAction, FollowState, Step } from "./follow-state.ts";

const MAX_RECENT_EVENTS = 32;

/** `gap`: an event in between is missing. `rewritten`: an applied seq has another nonce, so the log was rolled back. */
export type Verdict = "whole" | "gap" | "rewritten";

/**
 * Applies events that continue the log and drops applied ones; stops at the first gap or rewritten event.
 * Events of an unknown type keep their place in the order and are not applied.
 */
export function applyEvents(
  state: FollowState,
  events: readonly LogEntry[],
  now: number,
): Step & { readonly verdict: Verdict } {
  const actions: FollowAction[] = [];
  const recent = [...state.recent];
  let { last, running } = state;
  let verdict: Verdict = "whole";
  for (const event of events) {
    if (last === undefined || event.seq > last + 1) {
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

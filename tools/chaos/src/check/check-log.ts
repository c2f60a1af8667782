import { isTerminal, type Event } from "@docrelay/protocol";
import type { Report } from "./violation.ts";

/** Checks the log of one conversation: its sequence numbers, the order of its asks, their attempts and texts. */
export function checkLog(name: string, events: readonly Event[], report: Report): void {
  checkPlaces(name, events, report);
  checkTurns(name, events, report);
  for (const [ask, its] of Map.groupBy(events, (event) => event.ask)) checkAttempts(`${name} ${ask}`, its, report);
}

function checkPlaces(name: string, events: readonly Event[], report: Report): void {
  const nonces = new Set<string>();
  const contents = new Set<string>();
  events.forEach((event, index) => {
    const before = events[index - 1];
    const expected = before ? before.seq + 1 : 1;
    if (event.seq !== expected) report("GAPS", name, `${event.seq} stands where ${expected} should`);
    if (nonces.has(event.nonce)) report("DUP-APPLIED", name, `${event.seq} repeats the event ${event.nonce}`);
    nonces.add(event.nonce);
    // A second `accepted` event of an ask is a duplicate, too, even if it has another nonce.
    const content = event.type === "accepted" ? `accepted ${event.ask}` : undefined;
    if (content && contents.has(content)) report("DUP-APPLIED", name, `${event.seq} is ${content} again`);
    if (content) contents.add(content);
  });
}

/** Checks that asks ran one at a time, in the order of acceptance. Asks that never began may end out of order. */
function checkTurns(name: string, events: readonly Event[], report: Report): void {
  const order = events.filter(({ type }) => type === "accepted").map(({ ask }) => ask);
  const place = new Map(order.map((ask, index) => [ask, index]));
  let running: string | undefined;
  let furthest = -1;
  for (const { type, ask, seq } of events) {
    const isWork = type === "started" || type === "delta" || type === "completed";
    if (isWork && running !== undefined && running !== ask)
      report("ORDER", name, `${seq}: ${ask} runs while ${running} does`);
    if (type === "started") {
      const at = place.get(ask) ?? -1;
      if (at < furthest) report("ORDER", name, `${seq}: ${ask} begins after one that was accepted later`);
      furthest = Math.max(furthest, at);
      running = ask;
    }
    if (type === "completed" || type === "failed" || type === "cancelled")
      running = running === ask ? undefined : running;
  }
}

function checkAttempts(who: string, events: readonly Event[], report: Report): void {
  let attempt = 0;
  let text = "";
  let over = false;
  if (events[0]?.type !== "accepted") report("ORDER", who, `begins with ${events[0]?.type}`);
  for (const event of events) {
    if (over && !isTerminal(event)) report("ORDER", who, `${event.seq}: ${event.type} after its end`);
    if (event.attempt < attempt) report("ORDER", who, `${event.seq}: attempt ${event.attempt} after ${attempt}`);
    if (event.type === "started") text = "";
    if (event.type === "delta") {
      if (event.attempt !== attempt) report("ORDER", who, `${event.seq}: a delta of an attempt that did not start`);
      text += event.text;
    }
    attempt = Math.max(attempt, event.type === "delta" ? attempt : event.attempt);
    if (event.type === "completed" && event.text !== text)
      report("WRONG-TEXT", who, `its end says ${show(event.text)}, its pieces ${show(text)}`);
    if (isTerminal(event)) over = true;
  }
}

const show = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

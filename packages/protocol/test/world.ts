import type { Opened, Position } from "../src/messages/conversation.ts";
import { wireError } from "../src/errors/error.ts";
import type { Event } from "../src/messages/event.ts";
import { follow } from "../src/follow/follow.ts";
import { following, type FollowAction, type FollowInput, type FollowState } from "../src/follow/follow-state.ts";
import { isTerminal } from "../src/messages/terminal.ts";
import type { WireError } from "../src/errors/wire-error.ts";

/** What may happen between a log and its reader. `pick` chooses one of the messages that are on their way. */
export type Fate =
  | { readonly type: "ask"; readonly deltas: number; readonly end: boolean }
  | { readonly type: "more" | "end" | "retry" }
  /**
   * `deliver`: a live event arrives. `repeat`: it arrives now, and will arrive once more. `drop`: it is lost. `pick`
   * makes any order possible.
   */
  | { readonly type: "deliver" | "repeat" | "drop"; readonly pick: number }
  /** The server reads the log for a `conversation:open`. The response is then on its way. */
  | { readonly type: "read"; readonly pick: number }
  | { readonly type: "refuse"; readonly pick: number; readonly code: "BUSY" | "STORE_UNAVAILABLE" | "RATE_LIMITED" }
  | { readonly type: "answer"; readonly pick: number }
  | { readonly type: "break" | "connect" | "resync" }
  | { readonly type: "trim"; readonly keep: number }
  /** The log drops deltas, except those of an unfinished ask and those among the newest `keep` events. */
  | { readonly type: "thin"; readonly keep: number }
  /**
   * Redis comes back with an older log. Events that were on their way are lost, and a connected reader gets a `resync`.
   */
  | { readonly type: "rollback"; readonly lost: number }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "acked" };

type Step = typeof follow;
type OpenCall = Extract<FollowAction, { type: "open" }>;
type Page = Omit<Opened, "ok"> & { readonly holes?: true };
type Answer = { readonly call: number; readonly result: Page | WireError };

const PAGE = 3;

/** A log, a reader that follows it, and a network between them that loses, repeats and reorders messages. */
export class World {
  first = 1;
  /**
   * The highest `first` that the log ever had. A reader need not have events with a lower seq, because the log has
   * dropped them.
   */
  latestFirst = 1;
  now = 1000;
  connected = false;
  state: FollowState = following();
  /** The events that the reader has applied since its last `reset`. */
  shown: Event[] = [];
  resets = 0;
  opens: OpenCall[] = [];
  live: Event[] = [];
  private asks: OpenCall[] = [];
  private answers: Answer[] = [];
  private nonces = 0;
  private written: Event[] = [];
  private dropped = new Set<number>();
  /**
   * The seqs of all deltas that were ever dropped, also from logs that were rolled back: the reader may still get pages
   * of such logs.
   */
  private everDropped = new Set<number>();
  private asked = 0;
  private readonly step: Step;
  private readonly holes: boolean;
  private readonly random: () => number;

  /** @param holes whether `conversation:open` has the field `holes`, so that the reader gets pages with holes */
  constructor(step: Step = follow, random: () => number = () => 0.5, holes = false) {
    this.step = step;
    this.holes = holes;
    this.random = random;
  }

  /** The events that the log keeps. */
  get log(): Event[] {
    return this.written.filter(({ seq }) => seq >= this.first && !this.dropped.has(seq));
  }

  input(input: FollowInput): void {
    const { state, actions } = this.step(this.state, input, this.now, this.random());
    this.state = state;
    for (const action of actions) {
      if (action.type === "reset") {
        this.shown = [];
        this.resets++;
      } else if (action.type === "apply") this.show(action.event);
      else if (action.type === "open") {
        this.opens.push(action);
        if (this.connected) this.asks.push(action);
      } else throw new Error(`failed: ${action.error.code}`);
    }
  }

  /** Checks that each event is applied once, in order, and without a gap except for events that the log has dropped. */
  private show(event: Event): void {
    const last = this.shown.at(-1);
    if (last && event.seq !== this.after(last.seq, event.seq)) throw new Error(`${event.seq} shown after ${last.seq}`);
    this.shown.push(event);
  }

  /** Returns the next seq after `seq` that was not dropped; at most `most`. */
  private after(seq: number, most: number): number {
    let next = seq + 1;
    while (next < most && this.everDropped.has(next)) next++;
    return next;
  }

  write(body: Record<string, unknown>): void {
    const seq = this.written.length + 1;
    const nonce = `n${++this.nonces}`;
    const event = { conversation: "c", seq, nonce, attempt: 0, at: this.now, ...body } as Event;
    this.written.push(event);
    if (this.connected) this.live.push(event);
  }

  get unfinished(): string | undefined {
    const accepted = this.log.findLast(({ type }) => type === "accepted");
    return accepted && !this.log.some((event) => event.ask === accepted.ask && isTerminal(event))
      ? accepted.ask
      : undefined;
  }

  finish(): void {
    const ask = this.unfinished;
    const timings = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
    if (ask !== undefined) this.write({ type: "completed", ask, attempt: 1, text: "whole", timings });
  }

  suffer(fate: Fate): void {
    const ask = this.unfinished;
    switch (fate.type) {
      case "ask": {
        if (ask !== undefined) return;
        const id = `a${++this.asked}`;
        this.write({ type: "accepted", ask: id, message: "?", files: [] });
        this.write({ type: "started", ask: id, attempt: 1, engine: "e" });
        for (let n = 0; n < fate.deltas; n++) this.write({ type: "delta", ask: id, attempt: 1, text: `${n}` });
        if (fate.end) this.finish();
        return;
      }
      case "more":
        if (ask !== undefined) this.write({ type: "delta", ask, attempt: 1, text: "more" });
        return;
      case "retry":
        if (ask !== undefined) this.write({ type: "started", ask, attempt: 2, engine: "e" });
        return;
      case "end":
        return this.finish();
      case "deliver": {
        const [event] = this.live.splice(fate.pick % Math.max(1, this.live.length), 1);
        if (event) this.input({ type: "event", event });
        return;
      }
      case "repeat": {
        const event = this.live[fate.pick % Math.max(1, this.live.length)];
        if (event) this.input({ type: "event", event });
        return;
      }
      case "drop":
        this.live.splice(fate.pick % Math.max(1, this.live.length), 1);
        return;
      case "read": {
        const [call] = this.asks.splice(fate.pick % Math.max(1, this.asks.length), 1);
        if (call) this.answers.push({ call: call.call, result: this.read(call.after) });
        return;
      }
      case "refuse": {
        const [call] = this.asks.splice(fate.pick % Math.max(1, this.asks.length), 1);
        if (call) this.answers.push({ call: call.call, result: wireError(fate.code, { retryAfterMs: 700 }) });
        return;
      }
      case "answer": {
        const [answer] = this.answers.splice(fate.pick % Math.max(1, this.answers.length), 1);
        if (answer) this.reply(answer);
        return;
      }
      case "break":
        this.lose();
        this.connected = false;
        this.input({ type: "disconnected" });
        return;
      case "connect":
        if (this.connected) return;
        this.connected = true;
        this.input({ type: "connected" });
        return;
      case "resync":
        if (this.connected) this.input({ type: "resync" });
        return;
      case "trim": {
        // Trimming leaves the events of an unfinished ask in the log.
        const running = this.written.find((event) => event.ask === ask)?.seq ?? Infinity;
        this.first = Math.max(this.first, Math.min(running, this.written.length + 1 - fate.keep));
        this.first = this.log[0]?.seq ?? this.first;
        this.latestFirst = Math.max(this.latestFirst, this.first);
        return;
      }
      case "thin": {
        const running = this.written.find((event) => event.ask === ask)?.seq ?? Infinity;
        const end = Math.min(running, this.written.length + 1 - fate.keep);
        // The oldest kept event stays, because `first` is its seq.
        for (const { seq, type } of this.log.slice(1)) if (type === "delta" && seq < end) this.dropped.add(seq);
        for (const seq of this.dropped) this.everDropped.add(seq);
        return;
      }
      case "rollback":
        this.written = this.written.slice(0, Math.max(0, this.written.length - fate.lost));
        this.dropped = new Set([...this.dropped].filter((seq) => seq <= this.written.length));
        // The older log was trimmed less, so its first event may have a lower seq.
        this.first = Math.min(this.first, this.written.findLast(({ type }) => type === "accepted")?.seq ?? 1);
        // The edge's subscription broke together with Redis. So events on their way are lost, and the edge sends a
        // resync before any new event.
        this.live = [];
        if (this.connected) this.input({ type: "resync" });
        return;
      case "acked": {
        const accepted = this.log.findLast(({ type }) => type === "accepted");
        if (accepted) this.input({ type: "asked", ask: accepted.ask, seq: accepted.seq, duplicate: true });
        return;
      }
      case "wait":
        this.now += fate.ms;
        return this.input({ type: "tick" });
    }
  }

  private lose(): void {
    this.live = [];
    this.asks = [];
    this.answers = [];
  }

  private reply({ call, result }: Answer): void {
    if ("code" in result) this.input({ type: "refused", call, error: result });
    else this.input({ type: "opened", call, ...result });
  }

  /** Returns the response to `conversation:open`: a page of the log after a position, which must be in the log. */
  private read(after: Position | undefined): Page | WireError {
    const head = this.log.at(-1);
    const known = after && this.log.find(({ seq }) => seq === after.seq);
    if (after && known?.nonce !== after.nonce) return wireError("RESUME_LOST");
    const events = this.log.filter(({ seq }) => seq > (after?.seq ?? 0));
    const more = events.length > PAGE;
    const at = head ? { seq: head.seq, nonce: head.nonce } : null;
    return { events: events.slice(0, PAGE), more, first: this.first, head: at, ...(this.holes && { holes: true }) };
  }

  /**
   * Whether the reader has applied all events of the log up to its end, and no event of another log. Events at the
   * beginning may be missing if the log has dropped them at some time.
   */
  get isWhole(): boolean {
    if (this.log.length === 0) return true;
    const begins = (this.shown[0]?.seq ?? Infinity) <= this.latestFirst;
    const ends = this.shown.at(-1)?.seq === this.written.length;
    const shown = new Set(this.shown.map(({ seq }) => seq));
    const isAll = this.log.every(({ seq }) => seq < (this.shown[0]?.seq ?? 0) || shown.has(seq));
    return begins && ends && isAll && this.shown.every(({ seq, nonce }) => this.written[seq - 1]?.nonce === nonce);
  }

  /**
   * Delivers all responses and live events, and fires the timers, until nothing is due. Nothing more is lost from now
   * on, but live events that were lost before stay lost.
   */
  calm(most = 400): void {
    for (let turn = 0; turn < most; turn++) {
      if (this.asks.length > 0) this.suffer({ type: "read", pick: 0 });
      else if (this.answers.length > 0) this.suffer({ type: "answer", pick: 0 });
      else if (this.live.length > 0) this.suffer({ type: "deliver", pick: 0 });
      else if (this.state.wakeAt !== undefined)
        this.suffer({ type: "wait", ms: Math.max(0, this.state.wakeAt - this.now) });
      else return;
    }
    throw new Error("the reader does not come to rest");
  }
}

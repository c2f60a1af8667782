import { isTerminal, type Ack, type Event, type Opened, type Position, type Session } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import type { Tally } from "./tally.ts";

/*
 * This client shares the protocol's types with the SDK, but no code: a fault of the SDK must not be in this check too.
 */

/**
 * One user with one conversation: sends asks, retries those without an acknowledgement, and reads the log without gaps.
 */
export interface Customer {
  /**
   * Sends an ask whose answer must contain the marker. Resolves when the log has the ask's terminal event, when the ask
   * is refused for good, or after a minute. After a minute the ask counts as lost if it was acknowledged, else as
   * failed.
   */
  ask(message: string, marker: string, file?: Uint8Array): Promise<void>;
  /** Returns for how many ms the running ask with the longest silence has had no event; 0 if no ask runs. */
  silentMs(): number;
  /** Ids of the edges to which this client has connected. */
  readonly nodes: ReadonlySet<string>;
  close(): void;
}

interface Running {
  readonly id: string;
  readonly payload: object;
  readonly marker: string;
  readonly hasFile: boolean;
  acknowledged: boolean;
  sending: boolean;
  text: string;
  attempt: number;
  /** When the ask's last event arrived; if none has arrived yet, when the question was asked. */
  eventAt: number;
  longestMs: number;
  readonly end: (how: "ended" | "refused") => void;
}

const ANSWER_MS = 5000;
const ASK_DEADLINE_MS = 60_000;
const AGAIN_MS = 100;
const SESSION_TRIES = 30;

/**
 * Fetches a session. While no edge is ready, for example because the machine is busy with their start, the balancer
 * answers 503, and this function retries, as a client does.
 */
export async function takeSession(url: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(new URL("/v1/session", url), { method: "POST", signal: AbortSignal.timeout(10_000) });
    if (response.ok) return ((await response.json()) as Session).token;
    if (response.status !== 503 || tries === SESSION_TRIES) throw new Error(`no session: ${response.status}`);
    await sleep(1000);
  }
}

export async function createCustomer(url: string, tally: Tally): Promise<Customer> {
  const token = await takeSession(url);
  const socket: Socket = io(url, {
    transports: ["websocket"],
    auth: { token, protocol: 1 },
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 1000,
    timeout: 3000,
  });
  const one: State = {
    tally,
    socket,
    conversation: randomUUID(),
    nodes: new Set(),
    running: new Map(),
    accepted: new Set(),
    nonces: [],
    heard: [],
    last: undefined,
    downAt: undefined,
    opening: false,
    closed: false,
  };
  hear(one);
  // The protocol requires a client to read the log when it expects events and none arrive.
  const watch = setInterval(() => {
    const now = performance.now();
    if ([...one.running.values()].some(({ acknowledged, eventAt }) => acknowledged && now - eventAt > 5000))
      void open(one);
  }, 5000);

  return {
    nodes: one.nodes,
    ask: (message, marker, file) => ask(one, { message, marker, file }),
    silentMs: () => Math.max(0, ...[...one.running.values()].map(({ eventAt }) => performance.now() - eventAt)),
    close() {
      one.closed = true;
      clearInterval(watch);
      socket.disconnect();
    },
  };
}

interface State {
  readonly tally: Tally;
  readonly socket: Socket;
  readonly conversation: string;
  readonly nodes: Set<string>;
  readonly running: Map<string, Running>;
  readonly accepted: Set<string>;
  /** The nonces of the events so far, by their seq. */
  readonly nonces: string[];
  /** Events that arrived while the log was being read. */
  heard: Event[];
  last: Position | undefined;
  downAt: number | undefined;
  opening: boolean;
  closed: boolean;
}

function hear(one: State): void {
  one.socket.on("welcome", ({ node }: { node: string }) => one.nodes.add(node));
  one.socket.on("connect", () => void open(one));
  one.socket.on("disconnect", (reason) => {
    one.downAt ??= performance.now();
    one.heard = [];
    if (reason === "io server disconnect") setTimeout(() => !one.closed && one.socket.connect(), AGAIN_MS);
  });
  one.socket.on("connect_error", () => {
    if (!one.socket.active) setTimeout(() => !one.closed && one.socket.connect(), AGAIN_MS);
  });
  one.socket.on("resync", () => setTimeout(() => void open(one), Math.random() * 2000));
  one.socket.on("event", (event: Event) => {
    if (event.conversation !== one.conversation) return;
    if (one.opening) one.heard.push(event);
    else if (apply(one, event) === "gap") {
      one.heard.push(event);
      void open(one);
    }
  });
}

interface Question {
  readonly message: string;
  readonly marker: string;
  readonly file: Uint8Array | undefined;
}

async function ask(one: State, { message, marker, file }: Question): Promise<void> {
  const id = randomUUID();
  const { promise, resolve } = Promise.withResolvers<"ended" | "refused">();
  const files = file && [{ name: `${id}.pdf`, type: "application/pdf", bytes: file }];
  const running: Running = {
    id,
    payload: { id, conversation: one.conversation, message, ...(files && { files }) },
    marker,
    hasFile: file !== undefined,
    acknowledged: false,
    sending: false,
    text: "",
    attempt: 0,
    eventAt: performance.now(),
    longestMs: 0,
    end: resolve,
  };
  one.running.set(id, running);
  one.tally.asked();
  if (one.socket.connected && !one.opening) void send(one, running);
  const late = setTimeout(() => {
    if (running.acknowledged) one.tally.lost(id);
    else one.tally.failed(`ask ${id} was never acknowledged`);
    one.running.delete(id);
    resolve("ended");
  }, ASK_DEADLINE_MS);
  await promise.finally(() => clearTimeout(late));
}

async function call<T extends object>({ socket }: State, name: string, payload: object): Promise<Ack<T> | undefined> {
  return socket
    .timeout(ANSWER_MS)
    .emitWithAck(name, payload)
    .catch(() => undefined) as Promise<Ack<T> | undefined>;
}

function apply(one: State, event: Event): "applied" | "known" | "gap" {
  const seq = one.last?.seq ?? 0;
  if (event.seq > seq + 1) return "gap";
  if (event.seq <= seq) {
    const nonce = one.nonces[event.seq - 1];
    if (nonce !== event.nonce) one.tally.wrong(`seq ${event.seq} came twice with another nonce`);
    return "known";
  }
  one.last = { seq: event.seq, nonce: event.nonce };
  one.nonces.push(event.nonce);
  follow(one, event);
  return "applied";
}

/** Updates the state of the ask to which an event belongs. */
function follow(one: State, event: Event): void {
  if (event.type === "accepted") {
    if (one.accepted.has(event.ask)) one.tally.wrong(`ask ${event.ask} was accepted twice`);
    one.accepted.add(event.ask);
  }
  const ask = one.running.get(event.ask);
  if (!ask) {
    one.tally.wrong(`a ${event.type} for an ask that is not running`);
    return;
  }
  const now = performance.now();
  ask.longestMs = Math.max(ask.longestMs, now - ask.eventAt);
  ask.eventAt = now;
  if (event.type === "started") {
    ask.attempt = event.attempt;
    ask.text = "";
  }
  if (event.type === "delta") {
    if (event.attempt === ask.attempt) ask.text += event.text;
    else one.tally.wrong(`a delta of attempt ${event.attempt} during ${ask.attempt}`);
  }
  if (!isTerminal(event)) return;
  if (event.type === "completed") {
    one.tally.answered();
    if (ask.text !== event.text) one.tally.wrong(`the deltas of ${ask.id} are not its text`);
    if (!event.text.includes(ask.marker)) one.tally.wrong(`the answer to ${ask.id} is not its own`);
  } else one.tally.failed(event.type === "failed" ? `${event.error.code} ${event.error.reason ?? ""}` : event.type);
  one.tally.silence(ask.longestMs, ask.hasFile);
  one.running.delete(ask.id);
  ask.end("ended");
}

async function open(one: State): Promise<void> {
  if (one.opening) return;
  one.opening = true;
  try {
    while (one.socket.connected && !one.closed) {
      const answer = await call<Opened>(one, "conversation:open", {
        conversation: one.conversation,
        ...(one.last && { after: one.last }),
      });
      if (!answer?.ok) {
        if (answer && !answer.error.retryable) one.tally.failed(`conversation:open ${answer.error.code}`);
        await sleep(answer?.ok === false ? (answer.error.retryAfterMs ?? AGAIN_MS) : AGAIN_MS);
        continue;
      }
      for (const event of answer.events) apply(one, event);
      if (answer.more) continue;
      const meanwhile = one.heard.toSorted((a, b) => a.seq - b.seq);
      one.heard = [];
      if (meanwhile.some((event) => apply(one, event) === "gap")) continue;
      if (one.downAt !== undefined) one.tally.gap(performance.now() - one.downAt);
      one.downAt = undefined;
      break;
    }
  } finally {
    one.opening = false;
  }
  for (const ask of one.running.values()) if (!ask.acknowledged) void send(one, ask);
}

async function send(one: State, ask: Running): Promise<void> {
  if (ask.sending) return;
  ask.sending = true;
  while (one.socket.connected && !ask.acknowledged && one.running.has(ask.id) && !one.closed) {
    const answer = await call<{ ask: string; seq: number }>(one, "ask", ask.payload);
    if (answer?.ok) {
      ask.acknowledged = true;
    } else if (answer && !answer.error.retryable) {
      one.tally.failed(`ask ${answer.error.code} ${answer.error.reason ?? ""}`);
      one.running.delete(ask.id);
      ask.end("refused");
    } else {
      one.tally.retried();
      await sleep(answer?.ok === false ? Math.max(AGAIN_MS, answer.error.retryAfterMs ?? 0) : AGAIN_MS);
    }
  }
  ask.sending = false;
}

import { isTerminal, type Ack, type Event, type Opened, type Position, type Session } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import type { Tally } from "./tally.ts";

/*
 * This client shares the protocol's types with the SDK and no code, so that a fault of the SDK cannot hide itself here.
 */

/**
 * One user with one conversation: sends asks, retries those without an acknowledgement, and reads the log without gaps.
 */
export interface Customer {
  /** Sends an ask and resolves when the log has its end, or after a minute: then the ask counts as lost. */
  ask(message: string, file?: Uint8Array): Promise<void>;
  /** Ids of the edges that it was connected to. */
  readonly nodes: ReadonlySet<string>;
  close(): void;
}

interface Running {
  readonly id: string;
  readonly payload: object;
  readonly marker: string | undefined;
  acknowledged: boolean;
  sending: boolean;
  text: string;
  attempt: number;
  eventAt: number | undefined;
  longestMs: number;
  readonly end: (how: "ended" | "refused") => void;
}

const ANSWER_MS = 5000;
const ASK_DEADLINE_MS = 60_000;
const AGAIN_MS = 100;
const SESSION_TRIES = 30;

/** While no edge is ready, as on a machine that is busy with their start, the balancer answers 503: as a client, it tries again. */
async function takeSession(url: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(new URL("/v1/session", url), { method: "POST", signal: AbortSignal.timeout(10_000) });
    if (response.ok) return ((await response.json()) as Session).token;
    if (response.status !== 503 || tries === SESSION_TRIES) throw new Error(`no session: ${response.status}`);
    await sleep(1000);
  }
}

export async function createCustomer(url: string, tally: Tally): Promise<Customer> {
  const token = await takeSession(url);
  const conversation = randomUUID();
  const socket: Socket = io(url, {
    transports: ["websocket"],
    auth: { token, protocol: 1 },
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 1000,
    timeout: 3000,
  });
  const nodes = new Set<string>();
  const running = new Map<string, Running>();
  const accepted = new Set<string>();
  let last: Position | undefined;
  let nonces: string[] = [];
  let opening = false;
  let heard: Event[] = [];
  let downAt: number | undefined;
  let closed = false;

  const call = async <T extends object>(name: string, payload: object): Promise<Ack<T> | undefined> =>
    socket
      .timeout(ANSWER_MS)
      .emitWithAck(name, payload)
      .catch(() => undefined) as Promise<Ack<T> | undefined>;

  function apply(event: Event): "applied" | "known" | "gap" {
    const seq = last?.seq ?? 0;
    if (event.seq > seq + 1) return "gap";
    if (event.seq <= seq) {
      const nonce = nonces[event.seq - 1];
      if (nonce !== event.nonce) tally.wrong(`seq ${event.seq} came twice with another nonce`);
      return "known";
    }
    last = { seq: event.seq, nonce: event.nonce };
    nonces.push(event.nonce);
    follow(event);
    return "applied";
  }

  /** Applies an event to its ask. */
  function follow(event: Event): void {
    if (event.type === "accepted") {
      if (accepted.has(event.ask)) tally.wrong(`ask ${event.ask} was accepted twice`);
      accepted.add(event.ask);
    }
    const ask = running.get(event.ask);
    if (!ask) {
      tally.wrong(`a ${event.type} for an ask that is not running`);
      return;
    }
    const now = performance.now();
    if (ask.eventAt !== undefined) ask.longestMs = Math.max(ask.longestMs, now - ask.eventAt);
    ask.eventAt = now;
    if (event.type === "started") {
      ask.attempt = event.attempt;
      ask.text = "";
    }
    if (event.type === "delta") {
      if (event.attempt === ask.attempt) ask.text += event.text;
      else tally.wrong(`a delta of attempt ${event.attempt} during ${ask.attempt}`);
    }
    if (!isTerminal(event)) return;
    if (event.type === "completed") {
      tally.answered();
      if (ask.text !== event.text) tally.wrong(`the deltas of ${ask.id} are not its text`);
      if (ask.marker && !event.text.includes(ask.marker)) tally.wrong(`the answer to ${ask.id} is not its own`);
    } else tally.failed(event.type === "failed" ? `${event.error.code} ${event.error.reason ?? ""}` : event.type);
    tally.silence(ask.longestMs);
    running.delete(ask.id);
    ask.end("ended");
  }

  async function open(): Promise<void> {
    if (opening) return;
    opening = true;
    try {
      while (socket.connected && !closed) {
        const answer = await call<Opened>("conversation:open", { conversation, ...(last && { after: last }) });
        if (!answer?.ok) {
          if (answer && !answer.error.retryable) tally.failed(`conversation:open ${answer.error.code}`);
          await sleep(answer?.ok === false ? (answer.error.retryAfterMs ?? AGAIN_MS) : AGAIN_MS);
          continue;
        }
        for (const event of answer.events) apply(event);
        if (answer.more) continue;
        const meanwhile = heard.toSorted((a, b) => a.seq - b.seq);
        heard = [];
        if (meanwhile.some((event) => apply(event) === "gap")) continue;
        if (downAt !== undefined) tally.gap(performance.now() - downAt);
        downAt = undefined;
        break;
      }
    } finally {
      opening = false;
    }
    for (const ask of running.values()) if (!ask.acknowledged) void send(ask);
  }

  async function send(ask: Running): Promise<void> {
    if (ask.sending) return;
    ask.sending = true;
    while (socket.connected && !ask.acknowledged && running.has(ask.id) && !closed) {
      const answer = await call<{ ask: string; seq: number }>("ask", ask.payload);
      if (answer?.ok) {
        ask.acknowledged = true;
      } else if (answer && !answer.error.retryable) {
        tally.failed(`ask ${answer.error.code} ${answer.error.reason ?? ""}`);
        running.delete(ask.id);
        ask.end("refused");
      } else {
        tally.retried();
        await sleep(answer?.ok === false ? Math.max(AGAIN_MS, answer.error.retryAfterMs ?? 0) : AGAIN_MS);
      }
    }
    ask.sending = false;
  }

  socket.on("welcome", ({ node }: { node: string }) => nodes.add(node));
  socket.on("connect", () => void open());
  socket.on("disconnect", (reason) => {
    downAt ??= performance.now();
    heard = [];
    if (reason === "io server disconnect") setTimeout(() => !closed && socket.connect(), AGAIN_MS);
  });
  socket.on("connect_error", () => {
    if (!socket.active) setTimeout(() => !closed && socket.connect(), AGAIN_MS);
  });
  socket.on("resync", () => setTimeout(() => void open(), Math.random() * 2000));
  socket.on("event", (event: Event) => {
    if (event.conversation !== conversation) return;
    if (opening) heard.push(event);
    else if (apply(event) === "gap") {
      heard.push(event);
      void open();
    }
  });
  // The protocol asks a client to read the log when it expects events and none arrive.
  const watch = setInterval(() => {
    const now = performance.now();
    if ([...running.values()].some(({ acknowledged, eventAt }) => acknowledged && now - (eventAt ?? 0) > 5000))
      void open();
  }, 5000);

  return {
    nodes,
    async ask(message, file) {
      const id = randomUUID();
      const { promise, resolve } = Promise.withResolvers<"ended" | "refused">();
      const files = file && [{ name: `${id}.pdf`, type: "application/pdf", bytes: file }];
      const ask: Running = {
        id,
        payload: { id, conversation, message, ...(files && { files }) },
        marker: file ? undefined : message,
        acknowledged: false,
        sending: false,
        text: "",
        attempt: 0,
        eventAt: undefined,
        longestMs: 0,
        end: resolve,
      };
      running.set(id, ask);
      tally.asked();
      if (socket.connected && !opening) void send(ask);
      const late = setTimeout(() => {
        if (ask.acknowledged) tally.lost(id);
        else tally.failed(`ask ${id} was never acknowledged`);
        running.delete(id);
        resolve("ended");
      }, ASK_DEADLINE_MS);
      await promise.finally(() => clearTimeout(late));
    },
    close() {
      closed = true;
      clearInterval(watch);
      socket.disconnect();
    },
  };
}

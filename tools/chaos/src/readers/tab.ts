import type { Ack, Event, Opened, Position, WireError } from "@docrelay/protocol";
import { io, type Socket } from "socket.io-client";
import { shownOf } from "../check/digest.ts";
import type { History } from "../history.ts";

export interface TabOptions {
  readonly user: string;
  readonly name: string;
  readonly conversation: string;
  readonly token: string;
  readonly history: History;
  /** Where to connect next: any edge, as behind a balancer. In [0, 1). */
  url(): string;
  random(): number;
  /** Called once for every event that is shown. */
  onShown?(event: Event): void;
  /** A broken reader that shows every event without checking its position. For a canary only. */
  readonly careless?: boolean;
}

const ACK_MS = 4000;
const CONNECT_MS = 4000;
const SILENCES_MS = [5000, 10_000, 20_000, 30_000];

/**
 * A reader of one conversation, written from the protocol's description. It shares no code with the client SDK, so that
 * both do not have the same misunderstanding. It records what it shows.
 */
export interface Tab {
  readonly name: string;
  readonly online: boolean;
  /** Position of the last event shown. */
  readonly seq: number;
  /** Sends an event; undefined when no answer came: the outcome is unknown. */
  send<T extends object>(event: string, payload: object): Promise<Ack<T> | undefined>;
  /**
   * An ask was acknowledged at this position: until that event is shown, the tab reads the log when nothing arrives.
   */
  expect(seq: number): void;
  /** Reconnects to any edge, as a page does after its network changed. */
  move(): void;
  /** Resolves when it is connected. */
  whenOnline(): Promise<void>;
  close(): void;
}

export function openTab(options: TabOptions): Tab {
  const { history, user, conversation, name } = options;
  let socket: Socket | undefined;
  let closed = false;
  let online = false;
  let opening: number | undefined;
  let openAgain = false;
  let calls = 0;
  let last: Position | undefined;
  let buffered: Event[] = [];
  let awaited = 0;
  let lostAt: number | undefined;
  let connectedAt = 0;
  let silences = 0;
  let atOnce = false;
  let silence: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let resync: NodeJS.Timeout | undefined;
  const running = new Set<string>();
  const waiting: Array<() => void> = [];
  const seq = (): number => last?.seq ?? 0;

  function connect(): void {
    if (closed) return;
    const next = io(options.url(), {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      timeout: CONNECT_MS,
      auth: { token: options.token, protocol: 1 },
    });
    socket = next;
    const lost = (): void => {
      if (socket === next) reconnect();
    };
    next.on("welcome", () => {
      if (socket !== next) return;
      online = true;
      connectedAt = performance.now();
      for (const go of waiting.splice(0)) go();
      void open("connected");
    });
    next.on("event", (event: Event) => socket === next && hear(event));
    next.on("resync", () => {
      clearTimeout(resync);
      resync = setTimeout(() => void open("resync"), options.random() * 2000);
    });
    // A draining edge closes its connections spread over time, and the client should reconnect at once.
    next.on("closing", (why: WireError) => void (atOnce = socket === next && why.retryAfterMs === 0));
    next.on("disconnect", lost);
    next.on("connect_error", lost);
    clearTimeout(retry);
    // A blackholed connection neither opens nor fails.
    retry = setTimeout(() => !online && lost(), CONNECT_MS);
  }

  function reconnect(): void {
    lostAt ??= online ? performance.now() : undefined;
    online = false;
    opening = undefined;
    buffered = [];
    clearTimeout(resync);
    const old = socket;
    socket = undefined;
    old?.disconnect();
    clearTimeout(retry);
    if (!closed) retry = setTimeout(connect, atOnce ? options.random() * 50 : 50 + options.random() * 200);
    atOnce = false;
  }

  async function open(why: "connected" | "resync" | "gap" | "silence" | "more"): Promise<void> {
    if (!online) return;
    if (opening !== undefined) return void (openAgain = true);
    const call = ++calls;
    opening = call;
    const before = seq();
    const answer = await tab.send<Opened>("conversation:open", { conversation, ...(last ? { after: last } : {}) });
    if (opening !== call) return;
    opening = undefined;
    if (!answer) return reconnect();
    if (!answer.ok) {
      if (answer.error.code === "RESUME_LOST") {
        history.add({ kind: "reset", user, tab: name, conversation });
        last = undefined;
        running.clear();
        return void open("connected");
      }
      // Retryable refusal (Redis is away): try again later, unless the connection ends before.
      setTimeout(() => void open(why), Math.max(answer.error.retryAfterMs ?? 0, 200 + options.random() * 300));
      return;
    }
    if (!last) last = { seq: answer.first - 1, nonce: "" };
    for (const event of answer.events) apply(event);
    const heard = buffered;
    buffered = [];
    if (why === "silence") history.add({ kind: "silence", user, tab: name, conversation, found: seq() - before });
    if (answer.more) return void open("more");
    for (const event of heard) hear(event);
    if (openAgain) {
      openAgain = false;
      return void open("gap");
    }
    watch();
    if (lostAt === undefined) return;
    const now = performance.now();
    history.add({ kind: "recovered", user, tab: name, lostMs: now - lostAt, catchUpMs: now - connectedAt });
    lostAt = undefined;
  }

  function hear(event: Event): void {
    // An event of another user: not shown, but recorded for the checker.
    if (event.conversation !== conversation || !event.ask.startsWith(`${user}-`)) return record(event);
    if (opening !== undefined || !last) return void (buffered.length < 512 ? buffered.push(event) : (openAgain = true));
    if (options.careless) return show(event);
    if (event.seq > last.seq + 1) return void open("gap");
    apply(event);
  }

  function apply(event: Event): void {
    if (last && event.seq !== last.seq + 1) return;
    show(event);
  }

  function show(event: Event): void {
    last = { seq: event.seq, nonce: event.nonce };
    silences = 0;
    if (event.type === "accepted") running.add(event.ask);
    if (event.type === "completed" || event.type === "failed" || event.type === "cancelled") running.delete(event.ask);
    record(event);
    options.onShown?.(event);
    watch();
  }

  function record(event: Event): void {
    history.add({ kind: "shown", user, tab: name, conversation: event.conversation, ...shownOf(event) });
  }

  /** While an ask runs and no event arrives, reads the log. */
  function watch(): void {
    clearTimeout(silence);
    if (closed || (running.size === 0 && awaited <= seq())) return;
    silence = setTimeout(
      () => {
        silences++;
        void open("silence").then(watch);
      },
      SILENCES_MS[Math.min(silences, SILENCES_MS.length - 1)],
    );
  }

  const tab: Tab = {
    name,
    get online() {
      return online;
    },
    get seq() {
      return seq();
    },
    async send<T extends object>(event: string, payload: object) {
      const now = socket;
      if (!now || !online) return undefined;
      return now
        .timeout(ACK_MS)
        .emitWithAck(event, payload)
        .then(
          (answer: unknown) => answer as Ack<T>,
          () => undefined,
        );
    },
    expect(at) {
      awaited = Math.max(awaited, at);
      watch();
    },
    move: reconnect,
    whenOnline: () => (online || closed ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    close() {
      closed = true;
      for (const timer of [silence, retry, resync]) clearTimeout(timer);
      for (const go of waiting.splice(0)) go();
      socket?.disconnect();
    },
  };
  connect();
  return tab;
}

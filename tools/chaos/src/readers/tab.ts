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
  /** Returns the URL of the edge to connect to next; it may be any edge, as behind a balancer. */
  url(): string;
  random(): number;
  /** Called once for every event that is shown. */
  onShown?(event: Event): void;
  /** Called when the tab's log was replaced: every event of the new log is shown again. */
  onReset?(): void;
  /** Makes the reader show every event without checking its position. Set only by a canary (see canaries.ts). */
  readonly careless?: boolean;
}

const ACK_MS = 4000;
const CONNECT_MS = 4000;
const SILENCES_MS = [5000, 10_000, 20_000, 30_000];

/**
 * A reader of one conversation, written from the protocol's description. It shares no code with the client SDK, so that
 * the two cannot share a misunderstanding. It records the events that it shows.
 */
export interface Tab {
  readonly name: string;
  readonly online: boolean;
  /** The seq of the last event shown. */
  readonly seq: number;
  /** Sends an event; resolves to undefined if no acknowledgement came, so that the outcome is unknown. */
  send<T extends object>(event: string, payload: object): Promise<Ack<T> | undefined>;
  /**
   * Must be called when an ask was acknowledged with this seq. Until the tab has shown the event with this seq, the tab
   * reads the log whenever no event arrives for a while.
   */
  expect(seq: number): void;
  /** Reconnects to any edge, as a page does after its network changed. */
  move(): void;
  /** Resolves when the tab is connected. */
  whenOnline(): Promise<void>;
  close(): void;
}

export function openTab(options: TabOptions): Tab {
  const tab: State = {
    options,
    running: new Set(),
    waiting: [],
    closed: false,
    online: false,
    openAgain: false,
    calls: 0,
    buffered: [],
    awaited: 0,
    connectedAt: 0,
    silences: 0,
    atOnce: false,
  };
  connect(tab);
  return {
    name: options.name,
    get online() {
      return tab.online;
    },
    get seq() {
      return seqOf(tab);
    },
    send: (event, payload) => send(tab, event, payload),
    expect(at) {
      tab.awaited = Math.max(tab.awaited, at);
      watch(tab);
    },
    move: () => reconnect(tab),
    whenOnline: () =>
      tab.online || tab.closed ? Promise.resolve() : new Promise((resolve) => tab.waiting.push(resolve)),
    close() {
      tab.closed = true;
      for (const timer of [tab.silence, tab.retry, tab.resync]) clearTimeout(timer);
      for (const go of tab.waiting.splice(0)) go();
      tab.socket?.disconnect();
    },
  };
}

interface State {
  readonly options: TabOptions;
  /** Ids of asks whose `accepted` event the tab has shown and whose terminal event it has not. */
  readonly running: Set<string>;
  /** Callbacks that are called when the tab is connected. */
  readonly waiting: Array<() => void>;
  socket?: Socket | undefined;
  closed: boolean;
  online: boolean;
  /**
   * The number of the running read of the log: the value that `calls` had when it began. Undefined if none is running.
   */
  opening?: number | undefined;
  /** Whether another read of the log must follow the one that is running. */
  openAgain: boolean;
  calls: number;
  last?: Position | undefined;
  /**
   * The last position before a resync, from which the log is then read again. Until that read has ended, the events
   * after the position may belong to another log.
   */
  sure?: Position | undefined;
  /** Events that arrived while the log was being read. */
  buffered: Event[];
  /** The highest seq with which an ask was acknowledged. */
  awaited: number;
  lostAt?: number | undefined;
  connectedAt: number;
  silences: number;
  /** Whether the edge has told the tab to reconnect without a wait. */
  atOnce: boolean;
  silence?: NodeJS.Timeout;
  retry?: NodeJS.Timeout;
  resync?: NodeJS.Timeout;
}

/** The position before the first event. */
const START: Position = { seq: 0, nonce: "" };
const seqOf = ({ last }: State): number => last?.seq ?? 0;

async function send<T extends object>(
  { socket, online }: State,
  event: string,
  payload: object,
): Promise<Ack<T> | undefined> {
  if (!socket || !online) return undefined;
  return socket
    .timeout(ACK_MS)
    .emitWithAck(event, payload)
    .then(
      (answer: unknown) => answer as Ack<T>,
      () => undefined,
    );
}

function connect(tab: State): void {
  if (tab.closed) return;
  const next = io(tab.options.url(), {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    timeout: CONNECT_MS,
    auth: { token: tab.options.token, protocol: 1 },
  });
  tab.socket = next;
  const lost = (): void => {
    if (tab.socket === next) reconnect(tab);
  };
  next.on("welcome", () => {
    if (tab.socket !== next) return;
    tab.online = true;
    tab.connectedAt = performance.now();
    for (const go of tab.waiting.splice(0)) go();
    void open(tab, "connected");
  });
  next.on("event", (event: Event) => tab.socket === next && hear(tab, event));
  next.on("resync", () => {
    clearTimeout(tab.resync);
    tab.sure = { ...(tab.sure ?? tab.last ?? START) };
    tab.resync = setTimeout(() => void open(tab, "resync"), tab.options.random() * 2000);
  });
  // A draining edge itself spreads the closing of its connections over time, so its clients should reconnect at once.
  next.on("closing", (why: WireError) => void (tab.atOnce = tab.socket === next && why.retryAfterMs === 0));
  next.on("disconnect", lost);
  next.on("connect_error", lost);
  clearTimeout(tab.retry);
  // A connection whose packets are lost neither opens nor fails, so it is given up after `CONNECT_MS`.
  tab.retry = setTimeout(() => !tab.online && lost(), CONNECT_MS);
}

function reconnect(tab: State): void {
  tab.lostAt ??= tab.online ? performance.now() : undefined;
  tab.online = false;
  tab.opening = undefined;
  tab.buffered = [];
  clearTimeout(tab.resync);
  const old = tab.socket;
  tab.socket = undefined;
  old?.disconnect();
  clearTimeout(tab.retry);
  const { random } = tab.options;
  if (!tab.closed) tab.retry = setTimeout(() => connect(tab), tab.atOnce ? random() * 50 : 50 + random() * 200);
  tab.atOnce = false;
}

async function open(tab: State, why: "connected" | "resync" | "gap" | "silence" | "more"): Promise<void> {
  const { history, user, name, conversation } = tab.options;
  if (!tab.online) return;
  if (tab.opening !== undefined) return void (tab.openAgain = true);
  const call = ++tab.calls;
  tab.opening = call;
  const before = seqOf(tab);
  const { sure } = tab;
  const after = tab.last && (sure ?? tab.last);
  const answer = await send<Opened>(tab, "conversation:open", {
    conversation,
    ...(after ? { after } : {}),
  });
  if (tab.opening !== call) return;
  tab.opening = undefined;
  if (!answer) return reconnect(tab);
  if (!answer.ok) {
    if (answer.error.code === "RESUME_LOST") {
      history.add({ kind: "reset", user, tab: name, conversation });
      tab.last = undefined;
      tab.sure = undefined;
      tab.awaited = 0;
      tab.running.clear();
      tab.options.onReset?.();
      return void open(tab, "connected");
    }
    // All other refusals are temporary, for example while Redis is away, so the tab tries again later.
    setTimeout(() => void open(tab, why), Math.max(answer.error.retryAfterMs ?? 0, 200 + tab.options.random() * 300));
    return;
  }
  if (tab.sure === sure) tab.sure = undefined; // else another resync came during this read: keep its position
  if (!tab.last) tab.last = { seq: answer.first - 1, nonce: "" };
  for (const event of answer.events) apply(tab, event);
  const heard = tab.buffered;
  tab.buffered = [];
  if (why === "silence") history.add({ kind: "silence", user, tab: name, conversation, found: seqOf(tab) - before });
  if (answer.more) return void open(tab, "more");
  for (const event of heard) hear(tab, event);
  if (tab.openAgain) {
    tab.openAgain = false;
    return void open(tab, "gap");
  }
  watch(tab);
  if (tab.lostAt === undefined) return;
  const now = performance.now();
  history.add({ kind: "recovered", user, tab: name, lostMs: now - tab.lostAt, catchUpMs: now - tab.connectedAt });
  tab.lostAt = undefined;
}

function hear(tab: State, event: Event): void {
  const { user, conversation, careless } = tab.options;
  // An event of another user: not shown, but recorded for the checker.
  if (event.conversation !== conversation || !event.ask.startsWith(`${user}-`)) return record(tab, event);
  if (tab.opening !== undefined || !tab.last)
    return void (tab.buffered.length < 512 ? tab.buffered.push(event) : (tab.openAgain = true));
  if (careless) return show(tab, event);
  if (event.seq > tab.last.seq + 1) return void open(tab, "gap");
  apply(tab, event);
}

function apply(tab: State, event: Event): void {
  if (tab.last && event.seq !== tab.last.seq + 1) return;
  show(tab, event);
}

function show(tab: State, event: Event): void {
  tab.last = { seq: event.seq, nonce: event.nonce };
  tab.silences = 0;
  if (event.type === "accepted") tab.running.add(event.ask);
  if (event.type === "completed" || event.type === "failed" || event.type === "cancelled")
    tab.running.delete(event.ask);
  record(tab, event);
  tab.options.onShown?.(event);
  watch(tab);
}

function record(tab: State, event: Event): void {
  const { history, user, name } = tab.options;
  history.add({ kind: "shown", user, tab: name, conversation: event.conversation, ...shownOf(event) });
}

/**
 * While the tab expects events (an ask runs, or an acknowledged ask is not shown yet), makes it read the log whenever
 * no event has arrived for a while.
 */
function watch(tab: State): void {
  clearTimeout(tab.silence);
  if (tab.closed || (tab.running.size === 0 && tab.awaited <= seqOf(tab))) return;
  tab.silence = setTimeout(
    () => {
      tab.silences++;
      void open(tab, "silence").then(() => watch(tab));
    },
    SILENCES_MS[Math.min(tab.silences, SILENCES_MS.length - 1)],
  );
}

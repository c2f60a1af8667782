import { conversationAddress, type FanOut } from "@docrelay/channel";
import {
  follow,
  following,
  type Event,
  type FollowInput,
  type Open,
  type Position,
  type WireError,
} from "@docrelay/protocol";
import type { OpenConversation } from "./open-conversation.ts";
import type { LogReader } from "./open-queue.ts";

export interface ReaderDeps {
  readonly fanOut: FanOut;
  readonly open: OpenConversation;
  readonly toWire: (error: unknown) => WireError;
}

/** A conversation of a user, followed from the event after `after`; without `after`, from the oldest kept event. */
export interface FollowTarget {
  readonly user: string;
  readonly conversation: string;
  readonly after?: Position | undefined;
  /**
   * Calls `callback` when the client has read all, or nearly all, sent bytes, as in {@link LogReader}. A reader that
   * buffers nothing leaves this function out; the next part of the log is then read at once.
   */
  whenRoom?(callback: () => void): void;
}

export interface FollowHandlers {
  /** Called once for each event of the log, in order. */
  apply(event: Event): void;
  /**
   * Called when Redis has lost events that were already applied: these events are void, and `apply` gets the whole log
   * again from its start.
   */
  reset?(): void;
  /** Called when the conversation can no longer be followed; `error`: the reason. */
  fail(error: WireError): void;
}

/**
 * Follows one conversation for a client without the SDK. The SDK reads the log again when a published event may be
 * missing; for other clients the edge reads it again.
 */
export interface ConversationReader {
  /** Must be called for each accepted ask: from then on the log is read until it has the ask's terminal event. */
  asked(ask: string, at: { seq: number; duplicate: boolean }): void;
  /** Reads the log again, in case a published event was lost. */
  look(): void;
  stop(): void;
}

const LISTEN_MS = 900;
const LISTEN_AGAIN_MS = 1000;

/**
 * Begins at once to follow the conversation that `target` names. After `stop` of the returned reader none of `handlers`
 * is called.
 */
export function followConversation(
  { fanOut, open, toWire }: ReaderDeps,
  target: FollowTarget,
  handlers: FollowHandlers,
): ConversationReader {
  let state = following(target.after);
  let stopped = false;
  const reader: LogReader = {
    user: target.user,
    get gone() {
      return stopped;
    },
    whenRoom: (callback) => (target.whenRoom ? target.whenRoom(callback) : callback()),
  };
  const timers = createTimers();
  let wake: NodeJS.Timeout | undefined;

  function input(by: FollowInput): void {
    if (stopped) return;
    const step = follow(state, by, performance.now(), Math.random());
    state = step.state;
    for (const action of step.actions) {
      if (stopped) return; // `handlers` may have called `stop` during an earlier action of this step
      if (action.type === "apply") handlers.apply(action.event);
      else if (action.type === "reset") handlers.reset?.();
      else if (action.type === "fail") handlers.fail(action.error);
      else if (action.type === "open") read(action.call, action.after);
    }
    timers.clear(wake);
    wake = undefined;
    if (state.wakeAt === undefined || stopped) return;
    wake = timers.set(Math.max(0, Math.ceil(state.wakeAt - performance.now())), () => input({ type: "tick" }));
  }

  function read(call: number, position: Open["after"]): void {
    open(reader, { conversation: target.conversation, ...(position && { after: position }) }).then(
      (opened) => input({ type: "opened", call, ...opened }),
      (error: unknown) => input({ type: "refused", call, error: toWire(error) }),
    );
  }

  let begun = false;
  const unlisten = listen({ fanOut, timers }, target, {
    event: (event) => input({ type: "event", event }),
    resync: () => input({ type: "resync" }),
    begin() {
      const isFirst = !begun;
      begun = true;
      input({ type: isFirst ? "connected" : "resync" });
    },
  });

  return {
    asked: (ask, { seq, duplicate }) => input({ type: "asked", ask, seq, duplicate }),
    look: () => input({ type: "resync" }),
    stop() {
      stopped = true;
      timers.clearAll();
      unlisten();
    },
  };
}

interface LogListener {
  event(event: Event): void;
  resync(): void;
  /**
   * Called when the log is to be read: at the confirmation of the subscription and, if the confirmation is late, also
   * before it. Events that come between an early read and the confirmation may be missed, so the log is read again at
   * the confirmation.
   */
  begin(): void;
}

/**
 * Subscribes to the conversation, and retries if that fails; the returned function ends the subscription. The log is
 * read after the subscription is confirmed. If the confirmation takes too long, the log is read before the
 * confirmation, and again after it.
 */
function listen(
  { fanOut, timers }: { fanOut: FanOut; timers: Timers },
  { user, conversation }: FollowTarget,
  { event, resync, begin }: LogListener,
): () => void {
  let stopped = false;
  let unlisten: (() => void) | undefined;
  const late = timers.set(LISTEN_MS, begin);
  const listener = { event, resync, progress: (): void => undefined };
  function subscribe(): void {
    fanOut.listen(conversationAddress(user, conversation), listener).then(
      (end) => {
        if (stopped) return end();
        unlisten = end;
        timers.clear(late);
        begin();
      },
      () => void (stopped || timers.set(LISTEN_AGAIN_MS, subscribe)),
    );
  }
  subscribe();
  return () => {
    stopped = true;
    unlisten?.();
  };
}

interface Timers {
  set(ms: number, then: () => void): NodeJS.Timeout;
  clear(timer: NodeJS.Timeout | undefined): void;
  clearAll(): void;
}

function createTimers(): Timers {
  const all = new Set<NodeJS.Timeout>();
  const clear = (timer: NodeJS.Timeout | undefined): void => {
    if (!timer) return;
    clearTimeout(timer);
    all.delete(timer);
  };
  return {
    set(ms, then) {
      const timer = setTimeout(() => {
        all.delete(timer);
        then();
      }, ms);
      all.add(timer);
      return timer;
    },
    clear,
    clearAll: () => [...all].forEach(clear),
  };
}

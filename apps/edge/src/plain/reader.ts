import { conversationAddress, type FanOut } from "@docrelay/channel";
import { follow, following, type Event, type FollowInput, type Open, type WireError } from "@docrelay/protocol";
import type { OpenConversation } from "../conversation/open-conversation.ts";
import type { LogReader } from "../conversation/open-queue.ts";

export interface ReaderDeps {
  readonly fanOut: FanOut;
  readonly open: OpenConversation;
  readonly toWire: (error: unknown) => WireError;
}

/** Follows one conversation for a plain socket. The edge reads the log itself, so that a lost hint loses no reply. */
export interface PlainReader {
  /** Call it for an accepted ask: the log is read until the ask has its terminal event. */
  asked(ask: string, at: { seq: number; duplicate: boolean }): void;
  stop(): void;
}

const LISTEN_MS = 900;
const LISTEN_AGAIN_MS = 1000;

/**
 * Begins at once. `apply` is called once for each event, in order; after a rollback of the log, also for the events of
 * the new one. `fail` is called when the conversation cannot be followed any more.
 */
export function followConversation(
  { fanOut, open, toWire }: ReaderDeps,
  target: { readonly user: string; readonly conversation: string },
  apply: (event: Event) => void,
  fail: (error: WireError) => void,
): PlainReader {
  let state = following();
  let stopped = false;
  let unlisten: (() => void) | undefined;
  // Events are applied in this process, so this reader has no unread bytes and is ready for the next log at once.
  const reader: LogReader = {
    user: target.user,
    get gone() {
      return stopped;
    },
    whenRoom: (callback) => callback(),
  };
  const timers = new Set<NodeJS.Timeout>();
  let wake: NodeJS.Timeout | undefined;

  const after = (ms: number, then: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
    return timer;
  };
  const forget = (timer: NodeJS.Timeout | undefined): void => {
    if (!timer) return;
    clearTimeout(timer);
    timers.delete(timer);
  };

  function input(by: FollowInput): void {
    if (stopped) return;
    const step = follow(state, by, performance.now(), Math.random());
    state = step.state;
    for (const action of step.actions) {
      if (action.type === "apply") apply(action.event);
      else if (action.type === "fail") fail(action.error);
      else if (action.type === "open") read(action.call, action.after);
    }
    forget(wake);
    wake = undefined;
    if (state.wakeAt === undefined || stopped) return;
    wake = after(Math.max(0, Math.ceil(state.wakeAt - performance.now())), () => input({ type: "tick" }));
  }

  function read(call: number, position: Open["after"]): void {
    open(reader, { conversation: target.conversation, ...(position && { after: position }) }).then(
      (opened) => input({ type: "opened", call, ...opened }),
      (error: unknown) => input({ type: "refused", call, error: toWire(error) }),
    );
  }

  /*
   * The log is read after the subscription is confirmed. If that takes too long, the log is read anyway, and again
   * after the confirmation.
   */
  let begun = false;
  const begin = (): void => {
    if (begun) return input({ type: "resync" });
    begun = true;
    input({ type: "connected" });
  };
  const late = after(LISTEN_MS, begin);
  const listener = {
    event: (event: Event): void => input({ type: "event", event }),
    progress: (): void => undefined,
    resync: (): void => input({ type: "resync" }),
  };
  function listen(): void {
    fanOut.listen(conversationAddress(target.user, target.conversation), listener).then(
      (end) => {
        if (stopped) return end();
        unlisten = end;
        forget(late);
        begin();
      },
      () => void (stopped || after(LISTEN_AGAIN_MS, listen)),
    );
  }
  listen();

  return {
    asked: (ask, { seq, duplicate }) => input({ type: "asked", ask, seq, duplicate }),
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      unlisten?.();
    },
  };
}

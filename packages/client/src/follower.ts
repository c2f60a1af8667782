import { follow, following, type FollowAction, type FollowInput } from "@docrelay/protocol";
import type { Event, Progress } from "./wire/contract.ts";
import type { Link } from "./link/link.ts";
import { RelayError, unreachable, wireOf } from "./wire/relay-error.ts";

/** Gets what happens in a conversation: each event once, in order. */
export interface Listener {
  event(event: Event): void;
  /** Reports how far an ask is. The reports are only hints: some may be lost. */
  progress?(progress: Progress): void;
  /**
   * Called once the log was delivered up to its newest event: all later events are new. Called again after each
   * `reset`.
   */
  ready?(): void;
  /**
   * Called when the server's log was replaced by an older one: forget all events so far. The events of that log follow.
   */
  reset?(): void;
  /** Called when the conversation cannot be read any more; no event follows. */
  failed?(error: RelayError): void;
  /** Called when the conversation was closed on this connection; no event follows. */
  closed?(): void;
}

/** Reads one conversation over a link: does what the state machine `follow` of `@docrelay/protocol` decides. */
export interface Follower {
  input(input: FollowInput): void;
  stop(): void;
}

/**
 * @param together must call the function that it gets. The function passes on all events of one step, for example those
 * of a page of the log.
 */
export function createFollower(
  link: Link,
  conversation: string,
  listener: Required<Listener>,
  together: (tell: () => void) => void,
): Follower {
  let state = following();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let isReady = false;

  function input(by: FollowInput): void {
    if (stopped) return;
    const step = follow(state, by, performance.now(), Math.random());
    state = step.state;
    // The next page of the log is requested first, so that the server reads it while the present page is applied.
    for (const action of step.actions) if (action.type === "open") open(action.call, action.after);
    together(() => step.actions.forEach(act));
    if (stopped) return;
    if (state.phase === "live" && !isReady) {
      isReady = true;
      listener.ready();
    }
    clearTimeout(timer);
    if (state.wakeAt !== undefined)
      timer = setTimeout(() => input({ type: "tick" }), Math.max(0, state.wakeAt - performance.now()));
  }
  function act(action: FollowAction): void {
    if (stopped) return; // a listener has stopped the follower in the middle of a page of the log
    if (action.type === "apply") listener.event(action.event);
    else if (action.type === "reset") reset();
    else if (action.type === "fail") listener.failed(new RelayError(action.error));
  }
  function reset(): void {
    isReady = false;
    listener.reset();
  }
  function open(call: number, after: { seq: number; nonce: string } | undefined): void {
    // The field `holes` is sent only to servers that know it, because older servers refuse unknown fields.
    const holes = link.welcome?.features?.includes("open.holes") ?? false;
    link.once("conversation:open", { conversation, ...(after && { after }), ...(holes && { holes }) }).then(
      ({ events, more, first, head }) => input({ type: "opened", call, events, more, first, head, holes }),
      (error: unknown) => input({ type: "refused", call, error: wireOf(error) }),
    );
  }
  const unhear = link.onState((next, error) => {
    if (next === "closed") listener.failed(error ?? unreachable());
    else input({ type: next === "online" ? "connected" : "disconnected" });
  });
  if (link.state === "online") input({ type: "connected" });

  return {
    input,
    stop() {
      stopped = true;
      clearTimeout(timer);
      unhear();
    },
  };
}

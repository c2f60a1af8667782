import { createFan, type Fan } from "./fan.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link/link.ts";
import { createReadiness } from "./readiness.ts";

/** Reads a conversation's log, from the first request until the conversation is closed. */
export interface Reading {
  /**
   * Begins to read the log, unless it is being read. May also be called after `close`. @throws the Error that
   * `register` throws
   */
  read(): void;
  readonly isClosed: boolean;
  readonly ready: Promise<void>;
  /** Passes an input to the follower. Has no effect while the log is not read. */
  input: Follower["input"];
  add: Fan["add"];
  readonly listeners: Fan["all"];
  /** Reports to all listeners that the conversation is closed, and removes all listeners but the first. */
  close(): void;
}

export interface ReadingDeps {
  readonly link: Link;
  /**
   * Called when a closed conversation is read again. @throws Error when another object for its id has been made since
   * it was closed
   */
  register(): void;
  /** Must call the function that it gets, which may pass on many events in a row; see {@link createFollower}. */
  readonly together: (tell: () => void) => void;
}

/** @param first a listener that is never removed, and is called before all others */
export function createReading(
  id: string,
  { link, register, together }: ReadingDeps,
  first: Pick<Required<Listener>, "event" | "progress" | "reset">,
): Reading {
  let readiness = createReadiness();
  let follower: Follower | undefined;
  let isClosed = false;
  const fan = createFan({
    ...first,
    ready: () => readiness.reached(),
    failed: (error) => readiness.failed(error),
  });

  return {
    read() {
      if (follower) return;
      if (isClosed) register();
      isClosed = false;
      follower = createFollower(link, id, fan.all, together);
    },
    get isClosed() {
      return isClosed;
    },
    get ready() {
      return readiness.ready;
    },
    input: (by) => follower?.input(by),
    add: fan.add,
    listeners: fan.all,
    close() {
      follower?.stop();
      follower = undefined;
      isClosed = true;
      fan.all.closed();
      fan.clear();
      readiness.failed(new Error("the conversation was closed before its log was read"));
      readiness = createReadiness();
    },
  };
}

import { createFan, type Fan } from "./fan.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link/link.ts";
import { createReadiness } from "./readiness.ts";

/** Reads a conversation's log, from the first request until the conversation is closed. */
export interface Reading {
  /** Begins to read, unless it is reading already; after `close` begins again. @throws Error as `register` does */
  read(): void;
  readonly isClosed: boolean;
  readonly ready: Promise<void>;
  /** Passes an input to the follower; has no effect while the log is not read. */
  input: Follower["input"];
  add: Fan["add"];
  readonly listeners: Fan["all"];
  /** Tells all listeners that the conversation is closed, and removes all except the first. */
  close(): void;
}

export interface ReadingDeps {
  readonly link: Link;
  /**
   * Called when a closed conversation is read again. @throws Error when another object was made for its id meanwhile
   */
  register(): void;
  /** See {@link createFollower}. */
  readonly together: (tell: () => void) => void;
}

/** @param first is called before all other listeners */
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

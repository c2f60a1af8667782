import { createFan, type Fan } from "./fan.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link/link.ts";
import { createReadiness } from "./readiness.ts";

/** The reading of a conversation's log, from when it is first asked for until it is closed. */
export interface Reading {
  /** Begins, unless it goes on; after `close` again. @throws Error as `register` does */
  read(): void;
  readonly isClosed: boolean;
  readonly ready: Promise<void>;
  /** Does nothing while the log is not read. */
  input: Follower["input"];
  add: Fan["add"];
  readonly listeners: Fan["all"];
  /** Listeners are told, and removed; all but the first. */
  close(): void;
}

export interface ReadingDeps {
  readonly link: Link;
  /** It is read again after it was closed. @throws Error when another object was made for its id meanwhile */
  register(): void;
  /** See {@link createFollower}. */
  readonly together: (tell: () => void) => void;
}

/** @param first is told of everything before the listeners are */
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

import { OPEN_MAX_BYTES, refuse } from "@docrelay/protocol";

/** A connection that reads logs. */
export interface LogReader {
  readonly user: string;
  /** It has ended: nothing is read for it any more. */
  readonly gone: boolean;
  /** Calls back once when it has read (nearly) all that it was sent, or has ended; at once if so already. */
  whenRoom(callback: () => void): void;
}

/**
 * Logs on their way to readers: no more bytes of them at a time than fit, round by round among users, and one after the
 * other for one connection, each when it has read the one before. So a client that opens much and reads nothing costs
 * one log, and who opens much waits for themselves.
 */
export interface OpenQueue {
  /**
   * Runs `work`, which reads one log and hands it on, when its turn comes; `bytesOf` says how much that was. @throws Refusal `BUSY` when too many wait or
   * the turn does not come in time, `SHUTTING_DOWN` when the reader has gone; what `work` throws.
   */
  run<T>(reader: LogReader, work: () => Promise<T>, bytesOf: (done: T) => number): Promise<T>;
  readonly waiting: number;
}

export interface OpenQueueRule {
  /**
   * Of logs being read, parsed and serialised. How long one is shows when it is read: until then it counts as much as the
   * longest of late, so that many short ones are read side by side and few long ones.
   */
  readonly maxBytes: number;
  /** However short they are. */
  readonly atOnce: number;
  /** Opens that wait, of one user and of all. */
  readonly maxPerUser: number;
  readonly maxWaiting: number;
  readonly waitMs: number;
}

interface Waiting {
  start(): void;
  refuse(error: Error): void;
}
/** `ready`: in its user's round. `held`: one of its logs is being read, or what it was sent is not read yet. */
interface Line {
  readonly reader: LogReader;
  readonly user: User;
  readonly waiting: Set<Waiting>;
  state: "idle" | "ready" | "held";
}
interface User {
  waiting: number;
  readonly lines: Map<LogReader, Line>;
  /** A Set keeps its order: whoever was served goes to its end. */
  readonly ready: Set<Line>;
}

const RETRY_MS = 1000;
/** Of what the longest log was taken to be, each shorter one takes this share off. */
const FORGET = 0.05;

export function createOpenQueue(rule: OpenQueueRule): OpenQueue {
  const users = new Map<string, User>();
  /** Users with a line that is ready, in the order of their turns. */
  const round = new Set<User>();
  let running = 0;
  let waiting = 0;
  let expected = OPEN_MAX_BYTES;
  const isRoom = (): boolean => running < rule.atOnce && (running === 0 || (running + 1) * expected <= rule.maxBytes);

  function next(): void {
    while (isRoom()) {
      const [user] = round;
      const [line] = user?.ready ?? [];
      if (!user || !line) return;
      user.ready.delete(line);
      round.delete(user);
      if (user.ready.size > 0) round.add(user);
      const [one] = line.waiting;
      if (one && !line.reader.gone) {
        line.state = "held";
        running++;
        one.start();
        continue;
      }
      for (const late of line.waiting) late.refuse(refuse("SHUTTING_DOWN", { message: "The connection has ended." }));
      forget(line);
    }
  }

  /** Puts a line into its user's round once its reader has room. */
  function queue(line: Line): void {
    line.state = "held";
    line.reader.whenRoom(() => {
      if (line.waiting.size === 0) return forget(line);
      line.state = "ready";
      line.user.ready.add(line);
      round.add(line.user);
      next();
    });
  }

  function lineOf(reader: LogReader): Line {
    const user = users.get(reader.user) ?? { waiting: 0, lines: new Map<LogReader, Line>(), ready: new Set<Line>() };
    const line = user.lines.get(reader) ?? { reader, user, waiting: new Set<Waiting>(), state: "idle" as const };
    users.set(reader.user, user);
    user.lines.set(reader, line);
    return line;
  }

  function forget(line: Line): void {
    line.state = "idle";
    line.user.lines.delete(line.reader);
    if (line.user.lines.size === 0) users.delete(line.reader.user);
  }

  /** Resolves when it is the reader's turn, with its line. */
  function turn(reader: LogReader): Promise<Line> {
    const full = waiting >= rule.maxWaiting || (users.get(reader.user)?.waiting ?? 0) >= rule.maxPerUser;
    if (full) return Promise.reject(refuse("BUSY", { retryAfterMs: RETRY_MS }));
    const line = lineOf(reader);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(late);
        line.waiting.delete(one);
        line.user.waiting--;
        waiting--;
      };
      const one: Waiting = {
        start() {
          leave();
          resolve(line);
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      const late = setTimeout(() => one.refuse(refuse("BUSY", { retryAfterMs: RETRY_MS })), rule.waitMs);
      line.waiting.add(one);
      line.user.waiting++;
      waiting++;
      if (line.state === "idle") queue(line);
    });
  }

  return {
    get waiting() {
      return waiting;
    },
    async run(reader, work, bytesOf) {
      const line = await turn(reader);
      try {
        const done = await work();
        expected = Math.max(bytesOf(done), expected * (1 - FORGET));
        return done;
      } finally {
        // Not before what was read is on its way to the reader: its bytes count until then, and the room is asked after it.
        setImmediate(() => {
          running--;
          queue(line);
          next();
        });
      }
    },
  };
}

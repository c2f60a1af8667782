/**
 * How replies end: with their first frame (`single`), as a stream (`stream`), or as the engine has ended its earlier
 * replies (`auto`); see docs/engines.md.
 */
export type ReplyMode = "auto" | "single" | "stream";

/**
 * How the engine has ended its replies so far, as learned. `one`: each was one frame. `mark`: the engine marks the end
 * of a stream, by a frame or by closing the connection. `quiet`: it streams, and only silence shows that a reply is
 * over.
 */
export interface Habit {
  readonly ends: "unknown" | "one" | "mark" | "quiet";
  /**
   * Whether the engine has ever marked the end of a reply by a frame. If so, a close without such a frame is not the
   * end of a reply.
   */
  readonly sendsEnd: boolean;
  /** After this many ms of silence, a reply that may be complete counts as complete. */
  readonly quietMs: number;
}

/**
 * The wait, in ms, for the first reply of an engine. It delays only the end of that reply, because the text is
 * delivered at once. With a shorter wait, the first piece of a slow stream could count as the whole reply.
 */
const QUIET_MS = 5000;
/**
 * If an engine has sent only replies of one frame, this part of the usual wait is enough. Some wait remains, because
 * the next reply may be a stream, for example if it is long.
 */
const SHARE_OF_ONE = 0.3;
export function newHabit(quietMs: number = QUIET_MS): Habit {
  return { ends: "unknown", sendsEnd: false, quietMs };
}

/** What one reply shows about how the engine ends its replies. */
interface Seen {
  readonly ended: "one" | "mark" | "close" | "quiet" | "cut" | undefined;
  readonly streams: boolean;
  readonly texts: number;
}

/** Learns the engine's habit from the end of a reply; pure. */
export function learn(habit: Habit, { ended, streams, texts }: Seen): Habit {
  if (ended === "mark") return habit.sendsEnd ? habit : { ...habit, ends: "mark", sendsEnd: true };
  if (ended !== "close" && ended !== "quiet") return habit;
  const isOne = texts === 1 && !streams && (habit.ends === "unknown" || habit.ends === "one");
  const ends = ended === "close" || habit.ends === "mark" ? "mark" : isOne ? "one" : "quiet";
  return ends === habit.ends ? habit : { ...habit, ends };
}

/**
 * Learns from a frame that came after its reply counted as complete: the engine streams, and the wait for silence was
 * too short. So the wait is doubled, and a reply of one frame no longer ends after only a part of it (`SHARE_OF_ONE`).
 * Nothing changes if the engine is known to mark the ends of its streams.
 */
export function learnOfLateFrame(habit: Habit): Habit {
  return habit.ends === "mark" ? habit : { ...habit, ends: "quiet", quietMs: habit.quietMs * 2 };
}

/**
 * Returns for how many ms the engine may be silent within a reply that has text. After a longer silence the reply
 * counts as complete, or as failed if it cannot be complete.
 */
export function silenceMs(
  { mode, idleTimeoutMs }: { mode: ReplyMode; idleTimeoutMs: number },
  habit: Habit,
  { streams, texts }: Omit<Seen, "ended">,
): number {
  if (mode !== "auto" || habit.ends === "mark" || streams) return idleTimeoutMs;
  // A second frame shows that the engine streams. The pieces of a stream may come slowly, so the wait is twice as long.
  const share = texts > 1 ? 2 : habit.ends === "one" ? SHARE_OF_ONE : 1;
  return Math.min(idleTimeoutMs, share * habit.quietMs);
}

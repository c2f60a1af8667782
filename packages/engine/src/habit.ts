/** How replies end. `auto`: the relay learns it from the engine; see docs/engines.md. */
export type ReplyMode = "auto" | "single" | "stream";

/**
 * How the engine has ended its replies so far. `one`: it sends one frame. `mark`: it marks the end of a stream, by a
 * frame or by closing. `quiet`: it streams, and only silence shows that a reply is over.
 */
export interface Habit {
  readonly ends: "unknown" | "one" | "mark" | "quiet";
  /** The engine has sent an end frame, so a close before an end frame is not an end. */
  readonly sendsEnd: boolean;
  /** After this silence, a reply that may be complete is over. */
  readonly quietMs: number;
}

/**
 * The silence for the first reply of an engine. It delays only the end of one reply, because the text is delivered at
 * once. With a shorter wait, the first piece of a slow stream could be taken for the whole reply.
 */
const QUIET_MS = 5000;
/**
 * The part of that silence for an engine that has sent only single frames. Its next reply may be a stream, for example
 * because it is long, so some wait remains.
 */
const SHARE_OF_ONE = 0.3;
export function newHabit(quietMs: number = QUIET_MS): Habit {
  return { ends: "unknown", sendsEnd: false, quietMs };
}

/** What one reply shows about the engine. */
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
 * Learns from a frame that came after its reply had ended: the wait is doubled, and it also applies after further
 * frames.
 */
export function learnOfLateFrame(habit: Habit): Habit {
  return habit.ends === "mark" ? habit : { ...habit, ends: "quiet", quietMs: habit.quietMs * 2 };
}

/** How long a reply with text may be silent until it is over or has failed, in ms. */
export function silenceMs(
  { mode, idleTimeoutMs }: { mode: ReplyMode; idleTimeoutMs: number },
  habit: Habit,
  { streams, texts }: Omit<Seen, "ended">,
): number {
  if (mode !== "auto" || habit.ends === "mark" || streams) return idleTimeoutMs;
  // A second frame proves that the engine streams; the pieces of a stream may come slowly.
  const share = texts > 1 ? 2 : habit.ends === "one" ? SHARE_OF_ONE : 1;
  return Math.min(idleTimeoutMs, share * habit.quietMs);
}

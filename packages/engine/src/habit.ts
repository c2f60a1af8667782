/** `auto`: what an engine does is recognised; see docs/engines.md. */
export type ReplyMode = "auto" | "single" | "stream";

/**
 * What an engine was seen to do at the end of its replies. `one`: it sends one frame. `mark`: it says where a stream ends,
 * with a frame or by closing. `quiet`: it streams, and only its silence tells that a reply is over.
 */
export interface Habit {
  readonly ends: "unknown" | "one" | "mark" | "quiet";
  /** It sent an end frame: a close before that is no end. */
  readonly sendsEnd: boolean;
  /** Silence after which a reply is over that may be. */
  readonly quietMs: number;
}

/**
 * For the first reply of an engine. It costs no reader anything but the end of one reply, since the text is there at once;
 * a shorter wait could take a slow stream's first piece for the whole.
 */
const QUIET_MS = 5000;
/**
 * Of that, for an engine of which only single frames were seen. It may stream its next reply, a long one for example: a reply
 * never ends with its first frame unless that says so.
 */
const SHARE_OF_ONE = 0.3;
export function newHabit(quietMs: number = QUIET_MS): Habit {
  return { ends: "unknown", sendsEnd: false, quietMs };
}

/** What a reply shows of the engine. */
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

/** A frame came after a reply had ended: the next one is waited for twice as long, and more after its first frame, too. */
export function learnOfLateFrame(habit: Habit): Habit {
  return habit.ends === "mark" ? habit : { ...habit, ends: "quiet", quietMs: habit.quietMs * 2 };
}

/** For how long a reply that has text may be silent until it is over or has failed, in ms. */
export function silenceMs(
  { mode, idleTimeoutMs }: { mode: ReplyMode; idleTimeoutMs: number },
  habit: Habit,
  { streams, texts }: Omit<Seen, "ended">,
): number {
  if (mode !== "auto" || habit.ends === "mark" || streams) return idleTimeoutMs;
  // A second frame proves a stream, whose pieces may come slowly.
  const share = texts > 1 ? 2 : habit.ends === "one" ? SHARE_OF_ONE : 1;
  return Math.min(idleTimeoutMs, share * habit.quietMs);
}

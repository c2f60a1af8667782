import type { EngineAsk, EngineEvent } from "./engine.ts";
import { cleanText } from "./failure/clean-text.ts";
import { badReply, EngineError } from "./failure/engine-error.ts";
import { withPromptSize } from "./failure/prompt-size.ts";
import { isNoise } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { silenceMs, type Habit } from "./habit.ts";
import type { Lease } from "./pool.ts";
import { endByClose, endByQuiet, NO_REPLY, readReply, type Reply, type ReplyRule, type ReplyStep } from "./reply.ts";

export interface ConverseOptions extends Omit<ReplyRule, "uniqueId" | "mustEcho"> {
  readonly firstReplyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly secrets: readonly string[];
  /** Returns what is learned so far about how the engine ends its replies. */
  habit(): Habit;
  /** Called when a reply has ended. `late`: whether another frame arrived after the end of the reply. */
  ended(reply: Reply, late: boolean): void;
}

/**
 * Sends a prompt frame over a connection and yields the events of the reply. {@link readReply} decides what the frames
 * mean; this function does the I/O. When the reply ends, the connection is released, unless the reply was cut or
 * another frame has followed it.
 */
export async function* converse(
  lease: Lease,
  { frame, uniqueId, brokeBefore = false }: { frame: Buffer } & Pick<EngineAsk, "uniqueId" | "brokeBefore">,
  options: ConverseOptions,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, void> {
  using frames = new FrameReader(lease.connection, signal);
  const size = { bytes: frame.length, brokeBefore };
  await frames.whenSent(lease.connection.send(frame), options.firstReplyTimeoutMs).catch((error: unknown) => {
    throw withPromptSize(error, { ...size, isSent: false });
  });
  yield { kind: "sent" };

  const rule = { ...options, uniqueId, mustEcho: lease.mustEcho };
  let reply = NO_REPLY;
  while (reply.ended === undefined) {
    const step = await nextStep(frames, reply, rule).catch((error: unknown) => {
      throw withPromptSize(error, { ...size, isSent: true });
    });
    if ("refused" in step)
      throw badReply(step.refused, { said: cleanText(step.said ?? "", options.secrets), retry: step.retry });
    reply = step.reply;
    if (reply.ended !== undefined) {
      const late = frames.unread.some((raw) => !isNoise(raw));
      // The connection is released before the end event is yielded, because the consumer may stop reading at that
      // event.
      if (reply.ended !== "cut" && !late) lease.release(reply.echoed);
      options.ended(reply, late && reply.ended !== "cut");
    }
    yield* step.events;
  }
}

/**
 * Waits for the next frame and adds it to the reply. Silence, or a close by the engine, may also end the reply. @throws
 * EngineError
 */
async function nextStep(frames: FrameReader, reply: Reply, rule: ConverseOptions & ReplyRule): Promise<ReplyStep> {
  const habit = rule.habit();
  try {
    const raw =
      reply.texts === 0
        ? await frames.next(rule.firstReplyTimeoutMs, "timeout-first")
        : await frames.next(silenceMs(rule, habit, reply), "timeout-idle");
    return readReply(reply, raw, rule);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const end = endOf(error, reply, rule, habit);
    if (end) return end;
    // The engine was not silent: it has sent frames, but none had a text. So the reply fails as empty, and not by a
    // timeout.
    if (error.kind === "timeout" && reply.texts === 0 && reply.unknown > 0) return { refused: "empty" };
    throw error;
  }
}

function endOf({ why }: EngineError, reply: Reply, rule: ReplyRule, habit: Habit): ReplyStep | undefined {
  if (why === "timeout-idle") return endByQuiet(reply, rule, habit);
  const isClose = why === "closed-1000" || why === "closed-1005";
  return isClose ? endByClose(reply, rule, habit) : undefined;
}

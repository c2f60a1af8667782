import { isOver, newId, type Conversation, type Relay, type Turn } from "@docrelay/client";
import type { ChatTransport } from "ai";
import { chunksOf, type Chunk, type Told } from "./chunks.ts";
import type { DocrelayMessage } from "./messages.ts";
import { filesOf, isAskId, textOf } from "./question.ts";

export interface DocrelayTransportOptions {
  /**
   * What an abort does. `useChat` aborts not only for `stop()`, but also when its component is unmounted, and twice
   * under StrictMode. So by default (`detach`) the stream ends but the ask continues, and `conversation.cancel(ask)`
   * cancels the ask. With `cancel`, every abort cancels the ask.
   */
  readonly onAbort?: "detach" | "cancel";
}

type Transport = ChatTransport<DocrelayMessage>;

/** At least this many ms are between two changes that a stream sends. */
const FRAME_MS = 16;

/**
 * Makes docrelay the transport of `useChat`. The id of the chat is the id of the conversation, and the id of a user's
 * message is the id of its ask. Only the last message is sent, because the log has those before it. Sending the same
 * message again is safe. After a reload, `resume` continues the answer. A failed ask is a `RelayError` in `chat.error`.
 * Passwords of files are given by their index: `sendMessage(…, { body: { passwords: { 0: "…" } } })`.
 */
export function docrelayTransport(relay: Relay, { onAbort = "detach" }: DocrelayTransportOptions = {}): Transport {
  return {
    resumeStreamIsReplay: true,
    async sendMessages({ chatId, messages, trigger, messageId, abortSignal, body }) {
      const conversation = relay.conversation(chatId);
      const message = messages.findLast(({ role }) => role === "user");
      if (!message) throw new Error("no message of a user");
      const given: { readonly passwords?: Record<string, string> } = body ?? {};
      const passwords = new Map(Object.entries(given.passwords ?? {}).map(([file, word]) => [Number(file), word]));
      const asked = turnOf(conversation, message.id);
      const isAgain = trigger === "regenerate-message";
      const isNew = !isAskId(message.id) || (asked && (isAgain || messageId !== undefined));
      // No engine call was made for this ask, so the log may not have it, and a new ask could not replace it. `retry`
      // works whether the log has it or not.
      const isRefused = asked?.attempt === 0;
      const answer =
        asked && isAgain && isRefused
          ? conversation.retry(asked.id, { passwords })
          : conversation.ask(textOf(message), {
              id: isNew ? newId() : message.id,
              files: filesOf(message),
              passwords,
              ...(asked && isNew && !isRefused && { replaces: asked.id }),
            });
      return streamOf(conversation, answer.id, abortSignal, onAbort);
    },
    async reconnectToStream({ chatId, abortSignal }) {
      const conversation = relay.conversation(chatId);
      // This listener is added only so that the conversation reads its log.
      const stop = conversation.onTurns(() => undefined);
      const aborted = new Promise<void>((resolve) => abortSignal?.addEventListener("abort", () => resolve()));
      await Promise.race([conversation.ready, aborted]).finally(stop);
      if (abortSignal?.aborted) return null;
      const running = conversation.turns.find((turn) => !isOver(turn));
      return running ? streamOf(conversation, running.id, abortSignal, onAbort) : null;
    },
  };
}

/** Returns the turn with this id, also if another turn has replaced it. */
function turnOf({ turns }: Conversation, id: string): Turn | undefined {
  return turns.flatMap((turn) => [turn, ...(turn.versions ?? [])]).find((turn) => turn.id === id);
}

/** Streams the answer of an ask, from its beginning until the ask has ended. */
function streamOf(
  conversation: Conversation,
  ask: string,
  signal: AbortSignal | undefined,
  onAbort: DocrelayTransportOptions["onAbort"],
): ReadableStream<Chunk> {
  let end = (): void => undefined;
  return new ReadableStream<Chunk>({
    start(controller) {
      let told: Told = {};
      let timer: ReturnType<typeof setTimeout> | undefined;
      function tell(): void {
        timer = undefined;
        const turn = turnOf(conversation, ask);
        if (!turn) return;
        for (const chunk of chunksOf(told, turn)) controller.enqueue(chunk);
        told = { turn, text: turn.text || undefined };
        if (!isOver(turn)) return;
        // A failed ask must end the stream with an error: for `useChat`, a stream that closes without one is a success.
        if (turn.error) return fail(turn.error);
        end();
        controller.close();
      }
      const fail = (error: Error): void => {
        end();
        controller.error(error);
      };
      const stops = [
        conversation.onTurns(() => (timer ??= setTimeout(tell, FRAME_MS))),
        conversation.subscribe({
          event: () => undefined,
          failed: fail,
          closed: () => fail(new Error("the conversation was closed")),
        }),
      ];
      const abort = (): void => {
        end();
        controller.close();
        // An error of the cancel is ignored: the log shows whether the ask has ended.
        if (onAbort === "cancel") conversation.cancel(ask).catch(() => undefined);
      };
      end = () => {
        for (const stop of stops) stop();
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) abort();
      else tell();
    },
    cancel: () => end(),
  });
}

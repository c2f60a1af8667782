import { isOver, newId, type Conversation, type Relay, type Turn } from "@docrelay/client";
import type { ChatTransport } from "ai";
import { chunksOf, type Chunk, type Told } from "./chunks.ts";
import type { DocrelayMessage } from "./messages.ts";
import { filesOf, isAskId, textOf } from "./question.ts";

export interface DocrelayTransportOptions {
  /**
   * What an abort means. `useChat` aborts when its component is unmounted, and twice under StrictMode, exactly as for `stop()`:
   * so by default it only stops hearing, and `conversation.cancel(ask)` stops the ask. `cancel` ends the ask at every abort.
   */
  readonly onAbort?: "detach" | "cancel";
}

type Transport = ChatTransport<DocrelayMessage>;

/** Shortest time between two changes that a stream sends. */
const FRAME_MS = 16;

/**
 * docrelay as the transport of `useChat`: the chat's id is the conversation's, the id of a user's message is its ask's, and
 * only the last message is sent, since the log has those before it. Sending again is safe; a reload goes on with `resume`.
 * A failed ask is a `RelayError` in `chat.error`. Passwords: `sendMessage(…, { body: { passwords: { 0: "…" } } })`.
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
      // The log may lack an ask that never reached the engine, so such an ask is retried under its own id.
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
      // Makes the conversation read its log.
      const stop = conversation.onTurns(() => undefined);
      const aborted = new Promise<void>((resolve) => abortSignal?.addEventListener("abort", () => resolve()));
      await Promise.race([conversation.ready, aborted]).finally(stop);
      if (abortSignal?.aborted) return null;
      const running = conversation.turns.find((turn) => !isOver(turn));
      return running ? streamOf(conversation, running.id, abortSignal, onAbort) : null;
    },
  };
}

/** Returns a turn by its id, even if another turn has replaced it. */
function turnOf({ turns }: Conversation, id: string): Turn | undefined {
  return turns.flatMap((turn) => [turn, ...(turn.versions ?? [])]).find((turn) => turn.id === id);
}

/** Streams the answer of an ask, from the answer's beginning until the ask has ended. */
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
        // `useChat` would treat a stream that only closes as a success.
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
        // An error is ignored, because the log shows whether the ask has ended.
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

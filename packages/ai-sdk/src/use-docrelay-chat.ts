"use client";

import { Chat, useChat, type UseChatHelpers } from "@ai-sdk/react";
import { isOver, type Relay } from "@docrelay/client";
import { useEffect } from "react";
import { toUIMessages, type DocrelayMessage } from "./messages.ts";
import { docrelayTransport } from "./transport.ts";

const chats = new WeakMap<Relay, Map<string, Chat<DocrelayMessage>>>();

/**
 * Returns the chat of a conversation, the same object at each call. The chat is kept outside of components, so that
 * unmounting a component aborts nothing.
 */
function chatOf(relay: Relay, id: string): Chat<DocrelayMessage> {
  const ofRelay = chats.get(relay) ?? new Map<string, Chat<DocrelayMessage>>();
  chats.set(relay, ofRelay);
  const chat = ofRelay.get(id) ?? new Chat<DocrelayMessage>({ id, transport: docrelayTransport(relay) });
  ofRelay.set(id, chat);
  return chat;
}

const FRAME_MS = 16;

/**
 * Calls `useChat` for a conversation of docrelay. Its messages are those of the log, including asks made in other tabs;
 * these asks also count for `status`. Unmounting cancels nothing; `stop()` cancels all asks that have not ended. When
 * an answer has ended, its text is taken from the log.
 */
export function useDocrelayChat(relay: Relay, id: string): UseChatHelpers<DocrelayMessage> {
  const chat = chatOf(relay, id);
  const helpers = useChat({ chat, throttle: FRAME_MS });
  const conversation = relay.conversation(id);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const sync = (): void => {
      timer = undefined;
      chat.messages = merged(chat, toUIMessages(conversation.turns));
    };
    const later = (): void => void (timer ??= setTimeout(sync, FRAME_MS));
    const stops = [conversation.onTurns(later), chat["~registerStatusCallback"](later)];
    later();
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [chat, conversation]);

  const running = conversation.turns.filter((turn) => !isOver(turn));
  return {
    ...helpers,
    id,
    status: helpers.status === "ready" && running.length > 0 ? "streaming" : helpers.status,
    async stop() {
      // An error of a cancel is ignored: the messages show whether the asks have ended.
      for (const turn of conversation.turns) if (!isOver(turn)) conversation.cancel(turn.id).catch(() => undefined);
      await chat.stop();
    },
  };
}

/**
 * Returns the messages of the log. Only the answer that the chat is streaming comes from the chat: with the log's text
 * of the same answer, the shown text would alternate between the two.
 */
function merged({ messages, status }: Chat<DocrelayMessage>, logged: DocrelayMessage[]): DocrelayMessage[] {
  if (status !== "submitted" && status !== "streaming") return logged;
  const last = messages.at(-1);
  return logged.map((message) => (message.id === last?.id ? last : message));
}

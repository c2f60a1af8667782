import { useConversation } from "@docrelay/react";
import { useExternalStoreRuntime, type ThreadMessageLike } from "@assistant-ui/react";
import type { Turn } from "@docrelay/client";

/**
 * Returns a runtime of assistant-ui that shows a conversation of docrelay: `<AssistantRuntimeProvider
 * runtime={useDocrelayRuntime(id)}>`.
 */
export function useDocrelayRuntime(id: string) {
  const { turns, status, ask, retry, cancel } = useConversation(id);
  return useExternalStoreRuntime<ThreadMessageLike>({
    messages: turns.flatMap(messagesOf),
    convertMessage: (message) => message,
    isRunning: status === "answering",
    isLoading: status === "loading",
    onNew: async ({ content }) => void ask(textOf(content)),
    onReload: async (parent) => void (parent && retry(parent)),
    onCancel: async () => cancel(),
  });
}

function textOf(content: readonly { readonly type: string; readonly text?: string }[]): string {
  return content.map(({ text }) => text ?? "").join("\n");
}

function messagesOf({ id, question, text, state, error }: Turn): ThreadMessageLike[] {
  const status =
    state === "completed"
      ? ({ type: "complete", reason: "stop" } as const)
      : state === "failed"
        ? ({ type: "incomplete", reason: "error", error: error?.message ?? "" } as const)
        : state === "cancelled"
          ? ({ type: "incomplete", reason: "cancelled" } as const)
          : ({ type: "running" } as const);
  return [
    { id, role: "user", content: question },
    { id: `a-${id}`, role: "assistant", content: text, status },
  ];
}

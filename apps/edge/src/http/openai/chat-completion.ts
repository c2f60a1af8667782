import type { ChatChunk, ChatCompletion, ChatUsage, Event, EventOf, OpenAiExtension } from "@docrelay/protocol";

/** The fields that each chunk and the whole completion have in common. */
export interface ChatHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}
type Accepted = EventOf<"accepted">;
type Completed = EventOf<"completed">;

export const MODEL = "docrelay";

export function chatHead({ ask, at }: Event, model: string): ChatHead {
  return { id: ask, created: Math.floor(at / 1000), model };
}

export function toChunk(
  head: ChatHead,
  delta: ChatChunk["choices"][number]["delta"],
  finish: "stop" | "length" | null = null,
): ChatChunk {
  return {
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  };
}

export function toCompletion(head: ChatHead, accepted: Accepted | undefined, end: Completed): ChatCompletion {
  const message = { role: "assistant", content: end.text, refusal: null } as const;
  return {
    ...head,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(end) }],
    ...usageOf(end),
    docrelay: toExtension(accepted, end),
  };
}

/** Returns the last chunk of a stream: it has the counts of tokens, and its `choices` are empty. */
export function toUsageChunk(head: ChatHead, end: Completed): ChatChunk {
  return { ...head, object: "chat.completion.chunk", choices: [], ...usageOf(end) };
}

function usageOf({ usage }: Completed): { usage?: ChatUsage } {
  if (!usage) return {};
  const { promptTokens, answerTokens } = usage;
  const total_tokens = promptTokens + answerTokens;
  return { usage: { prompt_tokens: promptTokens, completion_tokens: answerTokens, total_tokens } };
}

export function finishReason({ truncated }: Completed): "stop" | "length" {
  return truncated ? "length" : "stop";
}

export function toExtension(
  accepted: Accepted | undefined,
  { conversation, citations = [], usage }: Completed,
): OpenAiExtension {
  const files = (accepted?.files ?? []).map(({ name, upload }) => ({
    name,
    ...(upload === undefined ? {} : { upload }),
  }));
  return { conversation, files, citations, ...(usage?.estimated && { usageEstimated: true }) };
}

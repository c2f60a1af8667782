import type { Event, EventOf, OpenAiResponse, OutputItem, OutputText, WireError } from "@docrelay/protocol";
import { MODEL } from "./chat-completion.ts";

/** One event of a response's stream, without its sequence number. */
export type ResponseEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The state of a response, computed from the ask's events so far. */
export interface ResponseState {
  readonly response: OpenAiResponse;
  /**
   * How many output items were begun so far. Each attempt that sends text gets a new item, because text that the client
   * has cannot be taken back.
   */
  readonly items: number;
  /** The text of the output item that was begun last. */
  readonly text: string;
  /** Whether the output item that was begun last may still get text. */
  readonly isOpen: boolean;
}

interface Step {
  readonly state: ResponseState;
  readonly events: readonly ResponseEvent[];
}

/** Begins the response of an ask from the ask's first event, `accepted`. */
export function beginResponse(event: Event & { type: "accepted" }): Step {
  const files = event.files.map(({ name, upload }) => ({ name, ...(upload === undefined ? {} : { upload }) }));
  const response: OpenAiResponse = {
    id: event.ask,
    object: "response",
    created_at: Math.floor(event.at / 1000),
    status: "queued",
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: MODEL,
    output: [],
    parallel_tool_calls: false,
    temperature: null,
    tool_choice: "none",
    tools: [],
    top_p: null,
    usage: null,
    conversation: { id: event.conversation },
    docrelay: { conversation: event.conversation, files, citations: [] },
  };
  return { state: { response, items: 0, text: "", isOpen: false }, events: [{ type: "response.created", response }] };
}

/** Applies the next event of the ask. Pure: a replay of the log gives the same events in the same order. */
export function continueResponse(state: ResponseState, event: Event): Step {
  switch (event.type) {
    case "started": {
      const closed = closeItem(state, "incomplete");
      const response = { ...state.response, status: "in_progress" as const, output: [] };
      const begun = event.attempt === 1 ? [{ type: "response.in_progress", response }] : [];
      return { state: { ...closed.state, response }, events: [...closed.events, ...begun] };
    }
    case "delta":
      return addText(state, event.text);
    case "completed":
      return complete(state, event);
    case "failed":
      return fail(state, event.error);
    case "cancelled": {
      const closed = closeItem(state, "incomplete");
      const response = { ...closed.state.response, status: "cancelled" as const };
      return {
        state: { ...closed.state, response },
        events: [...closed.events, { type: "response.incomplete", response }],
      };
    }
    default:
      return { state, events: [] };
  }
}

function complete(state: ResponseState, event: Event & { type: "completed" }): Step {
  const { text, truncated, citations = [], usage } = event;
  const isSame = state.isOpen && text.startsWith(state.text);
  const voided = isSame ? { state, events: [] } : closeItem(state, "incomplete");
  const rest = addText(voided.state, isSame ? text.slice(state.text.length) : text);
  const closed = closeItem(rest.state, truncated ? "incomplete" : "completed");
  const response: OpenAiResponse = {
    ...closed.state.response,
    status: truncated ? "incomplete" : "completed",
    incomplete_details: truncated ? { reason: "max_output_tokens" } : null,
    usage: toUsage(usage),
    docrelay: { ...state.response.docrelay, citations, ...(usage?.estimated && { usageEstimated: true }) },
  };
  const end = { type: truncated ? "response.incomplete" : "response.completed", response };
  return { state: { ...closed.state, response }, events: [...voided.events, ...rest.events, ...closed.events, end] };
}

function toUsage(usage: EventOf<"completed">["usage"]): OpenAiResponse["usage"] {
  if (!usage) return null;
  const { promptTokens, answerTokens } = usage;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: answerTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + answerTokens,
  };
}

/**
 * Ends a response with the event `response.failed` and then the event `error`. OpenAI's clients pass `response.failed`
 * on like any other event, and throw an exception only at `error`.
 */
function fail(state: ResponseState, { code, message }: WireError): Step {
  const closed = closeItem(state, "incomplete");
  const response = { ...closed.state.response, status: "failed" as const, error: { code, message } };
  const ends = [
    { type: "response.failed", response },
    { type: "error", code, message, param: null },
  ];
  return { state: { ...closed.state, response }, events: [...closed.events, ...ends] };
}

function addText(state: ResponseState, text: string): Step {
  const begun = state.isOpen ? { state, events: [] } : openItem(state);
  if (text === "") return begun;
  const next = { ...begun.state, text: begun.state.text + text };
  const delta = { type: "response.output_text.delta", ...place(next), content_index: 0, delta: text, logprobs: [] };
  return { state: next, events: [...begun.events, delta] };
}

function openItem(state: ResponseState): Step {
  const next = { ...state, items: state.items + 1, text: "", isOpen: true };
  const { item_id: id, output_index } = place(next);
  const item: OutputItem = { id, type: "message", role: "assistant", status: "in_progress", content: [] };
  const added = { type: "response.output_item.added", output_index, item };
  const part = { type: "response.content_part.added", ...place(next), content_index: 0, part: toPart("") };
  return { state: next, events: [added, part] };
}

function closeItem(state: ResponseState, status: "completed" | "incomplete"): Step {
  if (!state.isOpen) return { state, events: [] };
  const at = { ...place(state), content_index: 0 };
  const part = toPart(state.text);
  const item: OutputItem = { id: at.item_id, type: "message", role: "assistant", status, content: [part] };
  const response = { ...state.response, output: [item] };
  const events = [
    { type: "response.output_text.done", ...at, text: state.text, logprobs: [] },
    { type: "response.content_part.done", ...at, part },
    { type: "response.output_item.done", output_index: at.output_index, item },
  ];
  return { state: { ...state, response, isOpen: false }, events };
}

/** Returns the response as it is now, including the text of an output item that is not complete. */
export function snapshot(state: ResponseState): OpenAiResponse {
  if (!state.isOpen) return state.response;
  const { item_id: id } = place(state);
  const content = [toPart(state.text)];
  const item: OutputItem = { id, type: "message", role: "assistant", status: "in_progress", content };
  return { ...state.response, output: [item] };
}

function place({ response, items }: ResponseState): { item_id: string; output_index: number } {
  return { item_id: `msg_${response.id}_${items}`, output_index: items - 1 };
}

function toPart(text: string): OutputText {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

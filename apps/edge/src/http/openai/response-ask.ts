import { refuse, type ChatMessage, type InputItem, type ResponseRequest } from "@docrelay/protocol";
import { toChatAsk, type ChatAsk } from "./chat-ask.ts";

/**
 * Turns a request of OpenAI's Responses API into one ask, as `toChatAsk` does with a chat. If there is a
 * `conversation`, its log has the earlier messages already, so those of the request are left out. @throws Refusal
 * `BAD_MESSAGE`
 */
export function toResponseAsk(request: ResponseRequest, conversation: string | undefined): ChatAsk {
  const { input, instructions, text, tool_choice } = request;
  const given: ChatMessage[] = typeof input === "string" ? [{ role: "user", content: input }] : input.map(toMessage);
  const messages: ChatMessage[] = instructions ? [{ role: "system", content: instructions }, ...given] : given;
  return toChatAsk({ messages, conversation, tool_choice, response_format: text?.format });
}

function toMessage({ type = "message", role, content = "" }: InputItem): ChatMessage {
  if (type !== "message" || !role) {
    const message = `Items of the type ${JSON.stringify(type.slice(0, 64))} are not supported: messages are.`;
    throw refuse("BAD_MESSAGE", { reason: "schema", message });
  }
  if (typeof content === "string") return { role, content };
  const parts = content.map(({ type: kind, text, filename, file_data, file_id }) => {
    if (kind === "input_file") return { type: "file", file: { filename, file_data, file_id } };
    return kind === "input_text" || kind === "output_text" ? { type: "text", text } : { type: kind };
  });
  return { role, content: parts };
}

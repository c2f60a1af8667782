import { EMPTY_TRANSCRIPT, refuse, transcribe } from "@docrelay/protocol";
import type { OpenConversation } from "../../conversation/open-conversation.ts";
import { readLog } from "../../conversation/read-log.ts";
import type { ApiCall } from "./call.ts";
import { toMarkdown, type KeptConversation } from "./markdown.ts";
import { sayJson, sayText } from "./say.ts";

/**
 * `GET /v1/conversations/:id`: what is kept of a conversation, as JSON or as Markdown. @throws Refusal `NOT_FOUND` when
 * it has no events
 */
export async function getConversation(
  { openConversation }: { readonly openConversation: OpenConversation },
  call: ApiCall,
): Promise<void> {
  const [id = ""] = call.params;
  const conversation = await read(openConversation, call, id);
  const accept = call.request.headers.accept ?? "";
  if (/\btext\/markdown\b/i.test(accept)) sayText(call.response, "text/markdown", toMarkdown(conversation));
  else sayJson(call.response, 200, conversation);
}

async function read(open: OpenConversation, call: ApiCall, id: string): Promise<KeptConversation> {
  let transcript = EMPTY_TRANSCRIPT;
  let head = 0;
  for await (const event of readLog(open, call, id)) {
    transcript = transcribe(transcript, event);
    head = event.seq;
  }
  if (head === 0) throw refuse("NOT_FOUND");
  return { id, head, asks: transcript.asks };
}

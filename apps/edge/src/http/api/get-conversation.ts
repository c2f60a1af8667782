import { refuse } from "@docrelay/protocol";
import type { OpenConversation } from "../../conversation/open-conversation.ts";
import { readConversation } from "../../conversation/read-conversation.ts";
import { ownerOf } from "../../sharing/shares.ts";
import type { ApiCall } from "./call.ts";
import { toMarkdown } from "../../conversation/markdown.ts";
import { sendJson, sendText } from "./respond.ts";

/**
 * `GET /v1/conversations/:id`: everything kept of a conversation, as JSON or as Markdown. @throws Refusal `NOT_FOUND`
 * when it has no events
 */
export async function getConversation(
  { openConversation }: { readonly openConversation: OpenConversation },
  call: ApiCall,
): Promise<void> {
  const [id = ""] = call.params;
  const reader = { user: ownerOf(call.identity, id), signal: call.signal };
  const conversation = await readConversation(openConversation, reader, id);
  if (!conversation) throw refuse("NOT_FOUND");
  const accept = call.request.headers.accept ?? "";
  if (/\btext\/markdown\b/i.test(accept)) sendText(call.response, "text/markdown", toMarkdown(conversation));
  else sendJson(call.response, 200, conversation);
}

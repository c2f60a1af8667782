import { EMPTY_TRANSCRIPT, refuse, transcribe, type Position } from "@docrelay/protocol";
import type { OpenConversation } from "../../conversation/open-conversation.ts";
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

async function read(open: OpenConversation, { user, signal }: ApiCall, id: string): Promise<KeptConversation> {
  const reader = {
    user,
    get gone() {
      return signal.aborted;
    },
    whenRoom: (callback: () => void): void => callback(),
  };
  let transcript = EMPTY_TRANSCRIPT;
  let after: Position | undefined;
  while (true) {
    signal.throwIfAborted();
    const page = await open(reader, { conversation: id, ...(after && { after }) });
    for (const event of page.events) transcript = transcribe(transcript, event);
    const last = page.events.at(-1);
    if (last) after = { seq: last.seq, nonce: last.nonce };
    if (!page.more || !last) break;
  }
  if (!after) throw refuse("NOT_FOUND");
  return { id, head: after.seq, asks: transcript.asks };
}

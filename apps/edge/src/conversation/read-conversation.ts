import { EMPTY_TRANSCRIPT, transcribe, type HttpConversation, type TranscriptAsk } from "@docrelay/protocol";
import type { OpenConversation } from "./open-conversation.ts";
import { readLog } from "./read-log.ts";

/** The body of the response to `GET /v1/conversations/:id`. */
export type KeptConversation = Omit<HttpConversation, "asks"> & { readonly asks: readonly TranscriptAsk[] };

/** Reads everything kept of a conversation; undefined when it has no events. */
export async function readConversation(
  open: OpenConversation,
  reader: { readonly user: string; readonly signal: AbortSignal },
  id: string,
): Promise<KeptConversation | undefined> {
  let transcript = EMPTY_TRANSCRIPT;
  let head = 0;
  for await (const event of readLog(open, reader, id)) {
    transcript = transcribe(transcript, event);
    head = event.seq;
  }
  return head === 0 ? undefined : { id, head, asks: transcript.asks };
}

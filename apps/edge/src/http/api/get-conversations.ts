import { listSchema, parsePayload } from "@docrelay/protocol";
import type { OwnConversations } from "../../conversation/own-conversations.ts";
import type { ApiCall } from "./call.ts";
import { sendJson } from "./respond.ts";

export interface ConversationsDeps {
  readonly conversations: OwnConversations;
}

/**
 * `GET /v1/conversations`: a page of the user's conversations. The parameter `before` names the last conversation of
 * the previous page: a number is the field `at` of that conversation, any other text its id.
 */
export async function getConversations({ conversations }: ConversationsDeps, call: ApiCall): Promise<void> {
  const { query, user, response } = call;
  const [before, limit] = [query.get("before"), query.get("limit")];
  const page = parsePayload(listSchema, {
    ...(before !== null && { before: /^\d+(\.\d+)?$/.test(before) ? Number(before) : before }),
    ...(limit !== null && { limit: Number(limit) }),
  });
  sendJson(response, 200, await conversations.list(user, page));
}

/** `DELETE /v1/conversations/:id`: removes a conversation. Idempotent. */
export async function removeConversation({ conversations }: ConversationsDeps, call: ApiCall): Promise<void> {
  const [id = ""] = call.params;
  await conversations.remove(call.user, id);
  call.response.writeHead(204).end();
}

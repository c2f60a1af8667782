import type { Shares } from "../../sharing/shares.ts";
import type { ApiCall } from "./call.ts";
import { sendJson } from "./respond.ts";

export interface ShareDeps {
  readonly shares: Shares;
}

/**
 * `POST /v1/conversations/:id/share`: creates a link and returns its token. @throws Refusal `FORBIDDEN`, `NOT_FOUND`,
 * `QUOTA_EXCEEDED`
 */
export async function shareConversation({ shares }: ShareDeps, { user, params, response }: ApiCall): Promise<void> {
  const [id = ""] = params;
  sendJson(response, 200, await shares.share(user, id));
}

/** `DELETE /v1/conversations/:id/share`: ends all links to the conversation. Idempotent. */
export async function unshareConversation({ shares }: ShareDeps, { user, params, response }: ApiCall): Promise<void> {
  const [id = ""] = params;
  await shares.end(user, id);
  response.writeHead(204).end();
}

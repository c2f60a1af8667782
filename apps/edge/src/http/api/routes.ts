import type { WireError } from "@docrelay/protocol";
import type { Quotas } from "../../quotas/quotas.ts";
import type { ApiCall } from "./call.ts";
import { getConversation } from "./get-conversation.ts";
import { getConversations, removeConversation, type ConversationsDeps } from "./get-conversations.ts";
import { getEvents, type GetEventsDeps } from "./get-events.ts";
import { shareConversation, unshareConversation, type ShareDeps } from "./share.ts";
import { exportMe, getUsage, removeMe, type MeDeps } from "./me.ts";
import { getUploadBytes, getUploadText, removeUpload, type UploadDeps } from "./get-upload.ts";
import { postAsk, type PostAskDeps } from "./post-ask.ts";
import { postFeedback, type FeedbackDeps } from "./post-feedback.ts";
import { postUpload } from "./post-upload.ts";

/** A route of the API: one method of one path. `name` is the route's label in metrics. */
export interface Route {
  readonly name: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  /** Whether a request without a token is admitted, for a new anonymous user. */
  readonly visitors?: boolean;
  /** Whether the token of a link gives access to this route. */
  readonly forReaders?: boolean;
  /**
   * Returns the last block of a stream that ends early, with the reason; if this function is left out, the block is an
   * event `closing`.
   */
  closing?(error: WireError): string;
  run(call: ApiCall): Promise<void>;
}

type Path = `${Route["method"]} /v1/${string}`;

/** @param name the method and the path; `:id` in the path stands for an id */
export function route(
  name: Path,
  run: Route["run"],
  more: Pick<Route, "visitors" | "forReaders" | "closing"> = {},
): Route {
  const [method, path] = name.split(" ") as [Route["method"], string];
  return { name, method, path: new RegExp(`^${path.replaceAll(":id", String.raw`([\w-]{1,64})`)}$`), run, ...more };
}

export interface RouteDeps
  extends PostAskDeps, GetEventsDeps, UploadDeps, ConversationsDeps, MeDeps, ShareDeps, FeedbackDeps {
  readonly quotas: Quotas;
}

export function createRoutes(deps: RouteDeps): readonly Route[] {
  return [
    route("POST /v1/asks", (call) => postAsk(deps, call), { visitors: true }),
    route("POST /v1/asks/:id/feedback", (call) => postFeedback(deps, call)),
    route("GET /v1/conversations", (call) => getConversations(deps, call)),
    route("DELETE /v1/conversations/:id", (call) => removeConversation(deps, call)),
    route("GET /v1/conversations/:id", (call) => getConversation(deps, call), { forReaders: true }),
    route("GET /v1/conversations/:id/events", (call) => getEvents(deps, call), { forReaders: true }),
    route("POST /v1/conversations/:id/share", (call) => shareConversation(deps, call)),
    route("DELETE /v1/conversations/:id/share", (call) => unshareConversation(deps, call)),
    route("DELETE /v1/me", (call) => removeMe(deps, call)),
    route("GET /v1/me/export", (call) => exportMe(deps, call)),
    route("GET /v1/usage", (call) => getUsage(deps, call)),
    route("POST /v1/uploads", (call) => postUpload(deps, call)),
    route("GET /v1/uploads/:id", (call) => getUploadBytes(deps, call)),
    route("DELETE /v1/uploads/:id", (call) => removeUpload(deps, call)),
    route("GET /v1/uploads/:id/text", (call) => getUploadText(deps, call)),
  ];
}

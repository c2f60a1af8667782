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

/** One method of a path. `name` is the label of its metrics. */
export interface Route {
  readonly name: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  /** Whether a request without a token is that of a new anonymous user. */
  readonly visitors?: boolean;
  /** Readers through a link may use it, too. */
  readonly forReaders?: boolean;
  /** The last block of a stream that is cut; without it an event `closing`. */
  closing?(error: WireError): string;
  run(call: ApiCall): Promise<void>;
}

export interface RouteDeps
  extends PostAskDeps, GetEventsDeps, UploadDeps, ConversationsDeps, MeDeps, ShareDeps, FeedbackDeps {
  readonly quotas: Quotas;
}

export function createRoutes(deps: RouteDeps): readonly Route[] {
  return [
    {
      name: "POST /v1/asks",
      method: "POST",
      path: /^\/v1\/asks$/,
      visitors: true,
      run: (call) => postAsk(deps, call),
    },
    {
      name: "POST /v1/asks/:id/feedback",
      method: "POST",
      path: /^\/v1\/asks\/([\w-]{1,64})\/feedback$/,
      run: (call) => postFeedback(deps, call),
    },
    {
      name: "GET /v1/conversations",
      method: "GET",
      path: /^\/v1\/conversations$/,
      run: (call) => getConversations(deps, call),
    },
    {
      name: "DELETE /v1/conversations/:id",
      method: "DELETE",
      path: /^\/v1\/conversations\/([\w-]{1,64})$/,
      run: (call) => removeConversation(deps, call),
    },
    {
      name: "GET /v1/conversations/:id",
      method: "GET",
      path: /^\/v1\/conversations\/([\w-]{1,64})$/,
      forReaders: true,
      run: (call) => getConversation(deps, call),
    },
    {
      name: "GET /v1/conversations/:id/events",
      method: "GET",
      path: /^\/v1\/conversations\/([\w-]{1,64})\/events$/,
      forReaders: true,
      run: (call) => getEvents(deps, call),
    },
    {
      name: "POST /v1/conversations/:id/share",
      method: "POST",
      path: /^\/v1\/conversations\/([\w-]{1,64})\/share$/,
      run: (call) => shareConversation(deps, call),
    },
    {
      name: "DELETE /v1/conversations/:id/share",
      method: "DELETE",
      path: /^\/v1\/conversations\/([\w-]{1,64})\/share$/,
      run: (call) => unshareConversation(deps, call),
    },
    {
      name: "DELETE /v1/me",
      method: "DELETE",
      path: /^\/v1\/me$/,
      run: (call) => removeMe(deps, call),
    },
    {
      name: "GET /v1/me/export",
      method: "GET",
      path: /^\/v1\/me\/export$/,
      run: (call) => exportMe(deps, call),
    },
    {
      name: "GET /v1/usage",
      method: "GET",
      path: /^\/v1\/usage$/,
      run: (call) => getUsage(deps, call),
    },
    {
      name: "POST /v1/uploads",
      method: "POST",
      path: /^\/v1\/uploads$/,
      run: (call) => postUpload(deps, call),
    },
    {
      name: "GET /v1/uploads/:id",
      method: "GET",
      path: /^\/v1\/uploads\/([\w-]{1,64})$/,
      run: (call) => getUploadBytes(deps, call),
    },
    {
      name: "DELETE /v1/uploads/:id",
      method: "DELETE",
      path: /^\/v1\/uploads\/([\w-]{1,64})$/,
      run: (call) => removeUpload(deps, call),
    },
    {
      name: "GET /v1/uploads/:id/text",
      method: "GET",
      path: /^\/v1\/uploads\/([\w-]{1,64})\/text$/,
      run: (call) => getUploadText(deps, call),
    },
  ];
}

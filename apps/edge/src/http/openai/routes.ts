import type { Models } from "@docrelay/protocol";
import type { PostAskDeps } from "../api/post-ask.ts";
import type { Route } from "../api/routes.ts";
import { sayJson } from "../api/say.ts";
import { MODEL } from "./chat-completion.ts";
import { chatClosing, postChat } from "./post-chat.ts";

/** The engine behind the relay has its own settings, so that there is nothing to choose from. */
const MODELS: Models = {
  object: "list",
  data: [{ id: MODEL, object: "model", created: 0, owned_by: "docrelay" }],
};

/** The routes of OpenAI's API. Their refusals have OpenAI's form. */
export function createOpenAiRoutes(deps: PostAskDeps): readonly Route[] {
  return [
    {
      name: "POST /v1/chat/completions",
      method: "POST",
      path: /^\/v1\/chat\/completions$/,
      visitors: true,
      closing: chatClosing,
      run: (call) => postChat(deps, call),
    },
    {
      name: "GET /v1/models",
      method: "GET",
      path: /^\/v1\/models$/,
      visitors: true,
      run: async (call) => sayJson(call.response, 200, MODELS),
    },
  ];
}

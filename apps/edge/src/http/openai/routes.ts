import { refuse, type Model, type Models } from "@docrelay/protocol";
import type { DropDeps } from "../api/get-upload.ts";
import type { Route } from "../api/routes.ts";
import { sayJson } from "../api/say.ts";
import { MODEL } from "./chat-completion.ts";
import { chatClosing, postChat } from "./post-chat.ts";
import { deleteFile, postFile } from "./post-file.ts";
import {
  cancelResponse,
  deleteResponse,
  getResponse,
  postResponse,
  responseClosing,
  type ResponsesDeps,
} from "./responses.ts";

/** The engine behind the relay has its own settings, so that there is nothing to choose from. */
const ONE: Model = { id: MODEL, object: "model", created: 0, owned_by: "docrelay" };
const MODELS: Models = { object: "list", data: [ONE] };

/** The routes of OpenAI's API. Their refusals have OpenAI's form. */
export function createOpenAiRoutes(deps: ResponsesDeps & DropDeps): readonly Route[] {
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
    {
      name: "GET /v1/models/:id",
      method: "GET",
      path: /^\/v1\/models\/([\w-]{1,64})$/,
      visitors: true,
      async run({ params, response }) {
        if (params[0] !== MODEL) throw refuse("NOT_FOUND");
        sayJson(response, 200, ONE);
      },
    },
    {
      name: "POST /v1/responses",
      method: "POST",
      path: /^\/v1\/responses$/,
      visitors: true,
      closing: responseClosing,
      run: (call) => postResponse(deps, call),
    },
    {
      name: "GET /v1/responses/:id",
      method: "GET",
      path: /^\/v1\/responses\/([\w-]{1,64})$/,
      closing: responseClosing,
      run: (call) => getResponse(deps, call),
    },
    {
      name: "POST /v1/responses/:id/cancel",
      method: "POST",
      path: /^\/v1\/responses\/([\w-]{1,64})\/cancel$/,
      run: (call) => cancelResponse(deps, call),
    },
    {
      name: "DELETE /v1/responses/:id",
      method: "DELETE",
      path: /^\/v1\/responses\/([\w-]{1,64})$/,
      run: (call) => deleteResponse(deps, call),
    },
    {
      name: "POST /v1/files",
      method: "POST",
      path: /^\/v1\/files$/,
      run: (call) => postFile(deps, call),
    },
    {
      name: "DELETE /v1/files/:id",
      method: "DELETE",
      path: /^\/v1\/files\/([\w-]{1,64})$/,
      run: (call) => deleteFile(deps, call),
    },
  ];
}

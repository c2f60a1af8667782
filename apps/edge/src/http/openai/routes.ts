import { refuse, type Model, type Models } from "@docrelay/protocol";
import type { DropDeps } from "../api/get-upload.ts";
import { route, type Route } from "../api/routes.ts";
import { sendJson } from "../api/respond.ts";
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

/** The only model in the list: operators choose the engine and its model, so clients have no choice. */
const ONE: Model = { id: MODEL, object: "model", created: 0, owned_by: "docrelay" };
const MODELS: Models = { object: "list", data: [ONE] };

/** Returns the routes of OpenAI's API. Refusals on these routes have the form of OpenAI's errors. */
export function createOpenAiRoutes(deps: ResponsesDeps & DropDeps): readonly Route[] {
  return [
    route("POST /v1/chat/completions", (call) => postChat(deps, call), { visitors: true, closing: chatClosing }),
    route("GET /v1/models", async (call) => sendJson(call.response, 200, MODELS), { visitors: true }),
    route(
      "GET /v1/models/:id",
      async ({ params, response }) => {
        if (params[0] !== MODEL) throw refuse("NOT_FOUND");
        sendJson(response, 200, ONE);
      },
      { visitors: true },
    ),
    route("POST /v1/responses", (call) => postResponse(deps, call), { visitors: true, closing: responseClosing }),
    route("GET /v1/responses/:id", (call) => getResponse(deps, call), { closing: responseClosing }),
    route("POST /v1/responses/:id/cancel", (call) => cancelResponse(deps, call)),
    route("DELETE /v1/responses/:id", (call) => deleteResponse(deps, call)),
    route("POST /v1/files", (call) => postFile(deps, call)),
    route("DELETE /v1/files/:id", (call) => deleteFile(deps, call)),
  ];
}

import { ASK, key, ref, text, type Operation } from "./operation.ts";

/** Each operation of the OpenAI API by the name of its route. */
export const OPENAI_OPERATIONS: Readonly<Record<string, Operation>> = {
  "POST /v1/chat/completions": {
    summary: "Asks the last message of a chat, as OpenAI's API does; answers with the reply, or with chunks of it",
    parameters: [key],
    requestBody: { required: true, content: { "application/json": { schema: ref("ChatRequest") } } },
    answers: {
      "application/json": "ChatCompletion",
      "text/event-stream": { ...text, contentSchema: ref("ChatChunk") },
    },
    errors: ASK,
    visitors: true,
    refusal: "OpenAiError",
  },
  "GET /v1/models": {
    summary: "The one model of the OpenAI API",
    answers: { "application/json": "Models" },
    errors: [],
    visitors: true,
    refusal: "OpenAiError",
  },
};

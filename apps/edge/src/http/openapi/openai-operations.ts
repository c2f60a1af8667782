import { ASK, bytes, FILE, key, pathId, query, ref, text, type Json, type Operation } from "./operation.ts";

const FILE_FORM: Json = { type: "object", properties: { file: bytes, purpose: text }, required: ["file"] };

/** The operations of the OpenAI API, by the names of their routes. */
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
  "POST /v1/responses": {
    summary: "Asks the last message of the input; answers with the response, or with its events",
    parameters: [key],
    requestBody: { required: true, content: { "application/json": { schema: ref("ResponseRequest") } } },
    answers: { "application/json": "Response", "text/event-stream": text },
    errors: ASK,
    visitors: true,
    refusal: "OpenAiError",
  },
  "GET /v1/responses/:id": {
    summary: "A response as it stands, or its events: those that are kept, then those that happen",
    parameters: [
      pathId,
      query("stream", { type: "string", enum: ["true"] }, "The events in place of the response."),
      query("starting_after", { type: "integer" }, "The sequence number after which to begin."),
    ],
    answers: { "application/json": "Response", "text/event-stream": text },
    errors: ["NOT_FOUND", "BAD_MESSAGE", "RESUME_LOST", "ASK_EXPIRED", "BUSY"],
    refusal: "OpenAiError",
  },
  "POST /v1/responses/:id/cancel": {
    summary: "Cancels a response that has not ended",
    parameters: [pathId],
    answers: { "application/json": "Response" },
    errors: ["NOT_FOUND", "RESUME_LOST", "BUSY"],
    refusal: "OpenAiError",
  },
  "DELETE /v1/responses/:id": {
    summary: "Deletes a response: it is cancelled if it has not ended, and cannot be read any more",
    parameters: [pathId],
    answers: { "application/json": "DeletedResponse" },
    errors: ["NOT_FOUND", "BUSY"],
    refusal: "OpenAiError",
  },
  "POST /v1/files": {
    summary: "Stores a PDF that asks may name by `file_id`",
    requestBody: { required: true, content: { "multipart/form-data": { schema: FILE_FORM } } },
    answers: { "application/json": "OpenAiUpload" },
    errors: FILE,
    refusal: "OpenAiError",
  },
  "DELETE /v1/files/:id": {
    summary: "Removes a file, as DELETE /v1/uploads/{id} does",
    parameters: [pathId],
    answers: { "application/json": "DeletedFile" },
    errors: ["NOT_FOUND"],
    refusal: "OpenAiError",
  },
  "GET /v1/models/:id": {
    summary: "The one model, by its name",
    parameters: [pathId],
    answers: { "application/json": "Model" },
    errors: ["NOT_FOUND"],
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

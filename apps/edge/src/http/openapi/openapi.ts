import {
  chatChunkSchema,
  chatCompletionSchema,
  chatRequestSchema,
  deletedFileSchema,
  deletedResponseSchema,
  ERRORS,
  eventSchema,
  feedbackSchema,
  httpAnswerSchema,
  httpAskSchema,
  httpConversationSchema,
  httpConversationsSchema,
  httpErrorSchema,
  httpUploadSchema,
  httpUsageSchema,
  LIST_LIMIT,
  httpUploadTextSchema,
  modelSchema,
  modelsSchema,
  openAiErrorSchema,
  openAiUploadSchema,
  responseRequestSchema,
  responseSchema,
  sessionSchema,
  sharedSchema,
  type ErrorCode,
} from "@docrelay/protocol";
import * as z from "zod/mini";
import { OPENAI_OPERATIONS } from "./openai-operations.ts";
import { ASK, bytes, FILE, idText, key, pathId, query, ref, text, type Json, type Operation } from "./operation.ts";

const SCHEMAS = {
  Event: eventSchema,
  Ask: httpAskSchema,
  Answer: httpAnswerSchema,
  Feedback: z.omit(feedbackSchema, { ask: true }),
  Conversation: httpConversationSchema,
  Conversations: httpConversationsSchema,
  Upload: httpUploadSchema,
  UploadText: httpUploadTextSchema,
  Usage: httpUsageSchema,
  Session: sessionSchema,
  Shared: sharedSchema,
  Error: httpErrorSchema,
  ChatRequest: chatRequestSchema,
  ChatCompletion: chatCompletionSchema,
  ChatChunk: chatChunkSchema,
  ResponseRequest: responseRequestSchema,
  Response: responseSchema,
  DeletedResponse: deletedResponseSchema,
  OpenAiUpload: openAiUploadSchema,
  DeletedFile: deletedFileSchema,
  Model: modelSchema,
  Models: modelsSchema,
  OpenAiError: openAiErrorSchema,
};

/** The error codes with which every request of a user may be refused. */
const ALWAYS: readonly ErrorCode[] = [
  "AUTH_REQUIRED",
  "AUTH_INVALID",
  "AUTH_EXPIRED",
  "ORIGIN_DENIED",
  "RATE_LIMITED",
  "TOO_MANY_CONNECTIONS",
  "STORE_UNAVAILABLE",
  "SHUTTING_DOWN",
  "INTERNAL",
];
const FORM: Json = {
  type: "object",
  properties: {
    message: text,
    conversation: idText,
    replaces: idText,
    file: { type: "array", items: bytes },
    password: { type: "array", items: text, description: "The n-th is that of the n-th file; empty for none." },
  },
};

/** The operations of the HTTP API, by the names of their routes. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  "POST /v1/session": {
    summary: "A session of a new anonymous user, or a fresh one of the user of the token",
    answers: { "application/json": "Session" },
    errors: ["FORBIDDEN", "RATE_LIMITED"],
    visitors: true,
  },
  "POST /v1/asks": {
    summary: "Asks a question about files; answers with the ask's events, or with its end",
    parameters: [key, query("wait", { type: "string", enum: ["1"] }, "The end of the ask as one object.")],
    requestBody: {
      required: true,
      content: { "multipart/form-data": { schema: FORM }, "application/json": { schema: ref("Ask") } },
    },
    answers: { "text/event-stream": { ...text, contentSchema: ref("Event") }, "application/json": "Answer" },
    errors: [...ASK],
    visitors: true,
  },
  "POST /v1/asks/:id/feedback": {
    summary: "Says what the user thinks of an answer; the newest counts, and `none` takes it back",
    parameters: [pathId],
    requestBody: { required: true, content: { "application/json": { schema: ref("Feedback") } } },
    empty: 204,
    errors: ["BAD_MESSAGE", "PAYLOAD_TOO_LARGE", "NOT_FOUND", "ASK_CONFLICT"],
  },
  "GET /v1/conversations": {
    summary: "The user's conversations that are kept, those with the newest question first",
    parameters: [
      query("before", text, "The `id`, or the `at`, of the last conversation of the page before."),
      query("limit", { type: "integer", minimum: 1, maximum: 100, default: LIST_LIMIT }, ""),
    ],
    answers: { "application/json": "Conversations" },
    errors: ["BAD_MESSAGE"],
  },
  "DELETE /v1/conversations/:id": {
    summary: "Deletes a conversation, and cancels its asks; also when there is none",
    parameters: [pathId],
    empty: 204,
    errors: [],
  },
  "GET /v1/conversations/:id": {
    summary: "A conversation as far as it is kept",
    parameters: [pathId],
    answers: { "application/json": "Conversation", "text/markdown": text },
    errors: ["NOT_FOUND", "BUSY"],
  },
  "GET /v1/conversations/:id/events": {
    summary: "The events of a conversation: those that are kept, then those that happen",
    parameters: [
      pathId,
      query("after", { type: "integer", minimum: 0 }, "The seq after which to begin."),
      { name: "Last-Event-ID", in: "header", schema: text, description: "As `after`, and before it." },
    ],
    answers: { "text/event-stream": { ...text, contentSchema: ref("Event") } },
    errors: ["NOT_FOUND", "BAD_MESSAGE", "RESUME_LOST"],
  },
  "POST /v1/conversations/:id/share": {
    summary: "Makes a link through which anybody may read the conversation until it ends",
    parameters: [pathId],
    answers: { "application/json": "Shared" },
    errors: ["FORBIDDEN", "NOT_FOUND", "QUOTA_EXCEEDED"],
  },
  "DELETE /v1/conversations/:id/share": {
    summary: "Ends all links to the conversation; also when there are none",
    parameters: [pathId],
    empty: 204,
    errors: [],
  },
  "DELETE /v1/me": {
    summary: "Removes all that is kept of the user: conversations, files, texts, counters",
    empty: 204,
    errors: ["BUSY"],
  },
  "GET /v1/usage": {
    summary: "What the user may use a day, what was used today, and when the day ends",
    answers: { "application/json": "Usage" },
    errors: [],
  },
  "GET /v1/me/export": {
    summary: "All that is kept of the user, as a compressed tar archive",
    answers: { "application/gzip": bytes },
    errors: ["BUSY"],
  },
  "POST /v1/uploads": {
    summary: "Stores a PDF that asks may name",
    parameters: [key, query("name", text, "The file's name.")],
    requestBody: { required: true, content: { "application/pdf": { schema: bytes }, "*/*": { schema: bytes } } },
    answers: { "application/json": "Upload" },
    errors: FILE,
  },
  "GET /v1/uploads/:id": {
    summary: "The bytes of a file, or a range of them, while they are kept",
    parameters: [pathId, { name: "Range", in: "header", schema: text }],
    answers: { "application/pdf": bytes },
    errors: ["NOT_FOUND", "RESUME_LOST"],
  },
  "DELETE /v1/uploads/:id": {
    summary: "Forgets a file",
    parameters: [pathId],
    empty: 204,
    errors: ["NOT_FOUND"],
  },
  "GET /v1/uploads/:id/text": {
    summary: "The text of a file; waits while it is being extracted",
    parameters: [pathId, query("format", { type: "string", enum: ["text", "markdown"], default: "text" }, "")],
    answers: { "text/plain": text, "text/markdown": text, "application/json": "UploadText" },
    errors: [
      "NOT_FOUND",
      "RESUME_LOST",
      "BAD_MESSAGE",
      "BUSY",
      "PDF_INVALID",
      "PDF_ENCRYPTED",
      "PDF_NO_TEXT",
      "PDF_LIMIT_EXCEEDED",
    ],
  },
};

/** Returns the description of the HTTP API (OpenAPI 3.1), built from the schemas and the table of errors. */
export function openApi(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries({ ...OPERATIONS, ...OPENAI_OPERATIONS })) {
    const [method = "", path = ""] = name.replaceAll(/:(\w+)/g, "{$1}").split(" ");
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "docrelay", version: "1", license: { name: "MIT", identifier: "MIT" } },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(SCHEMAS).map(([name, schema]) => [name, jsonSchema(schema)])),
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function describe({
  summary,
  parameters,
  requestBody,
  answers,
  empty,
  errors,
  visitors,
  refusal = "Error",
}: Operation): Json {
  const content = Object.entries(answers ?? {}).map(([type, schema]) => [
    type,
    { schema: typeof schema === "string" ? ref(schema) : schema },
  ]);
  const done = answers ? { 200: { description: "OK", content: Object.fromEntries(content) } } : {};
  return {
    summary,
    ...(parameters ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    security: [{ token: [] }, ...(visitors ? [{}] : [])],
    responses: {
      ...done,
      ...(empty ? { [empty]: { description: "Done" } } : {}),
      ...refusals([...ALWAYS, ...errors], refusal),
    },
  };
}

/** Describes the refusals of an operation: for each HTTP status, the error codes that are sent with this status. */
function refusals(codes: readonly ErrorCode[], schema: string): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => ERRORS[code].http);
  const content = { "application/json": { schema: ref(schema) } };
  return Object.fromEntries([...byStatus].map(([status, of]) => [status, { description: of.join(", "), content }]));
}

function jsonSchema(schema: z.core.$ZodType): Json {
  const { $schema: _version, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
}

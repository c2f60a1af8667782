import * as z from "zod/mini";
import { idSchema } from "../id.ts";

/**
 * A PDF in a request of the OpenAI API: the id of an upload, or the bytes as base64, which may begin with a `data:` URL
 * prefix.
 */
const fileSchema = z.object({
  filename: z.nullish(z.string()),
  file_data: z.nullish(z.string()),
  file_id: z.nullish(idSchema),
});
export type OpenAiFile = z.infer<typeof fileSchema>;

/** A part of a message. Unknown types are accepted here, so that the refusal can name them. */
const chatPartSchema = z.object({
  type: z.string(),
  text: z.optional(z.string()),
  refusal: z.optional(z.string()),
  file: z.optional(fileSchema),
});

const chatMessageSchema = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.nullish(z.union([z.string(), z.array(chatPartSchema)])),
});
export type ChatMessage = z.infer<typeof chatMessageSchema>;

/**
 * The body of `POST /v1/chat/completions`. Fields that choose or tune a model are ignored, because the engine has
 * settings of its own. `conversation`, which OpenAI does not have, names the conversation in which the ask is made.
 */
export const chatRequestSchema = z.object({
  model: z.optional(z.string().check(z.maxLength(255))),
  messages: z.array(chatMessageSchema).check(z.minLength(1)),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(z.object({ include_usage: z.nullish(z.boolean()) })),
  n: z.nullish(z.number()),
  modalities: z.nullish(z.array(z.string())),
  response_format: z.nullish(z.object({ type: z.string() })),
  tool_choice: z.nullish(z.union([z.string(), z.record(z.string(), z.unknown())])),
  conversation: z.nullish(idSchema),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/**
 * The fields that docrelay adds to a response of the OpenAI API. `files[i].upload` can be sent as a `file_id` later.
 */
const extensionSchema = z.object({
  conversation: z.string(),
  files: z.array(z.object({ name: z.string(), upload: z.optional(z.string()) })),
  citations: z.array(z.object({ file: z.int(), page: z.int() })),
  /** Whether the numbers in `usage` are estimates, because the engine reports none. */
  usageEstimated: z.optional(z.boolean()),
});
export type OpenAiExtension = z.infer<typeof extensionSchema>;

/** The tokens of an ask: the engine's own numbers, or estimates. */
const chatUsageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});
export type ChatUsage = z.infer<typeof chatUsageSchema>;

/** The response to `POST /v1/chat/completions` once the ask is completed. `id`: the id of the ask. */
export const chatCompletionSchema = z.object({
  id: z.string(),
  object: z.literal("chat.completion"),
  /** When the response was made, in seconds since the epoch. */
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
      logprobs: z.null(),
      finish_reason: z.enum(["stop", "length"]),
    }),
  ),
  usage: z.optional(chatUsageSchema),
  docrelay: extensionSchema,
});
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;

/** The data of one event of a streamed chat completion. The data of the last event is `[DONE]`. */
export const chatChunkSchema = z.object({
  id: z.string(),
  object: z.literal("chat.completion.chunk"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      delta: z.object({ role: z.optional(z.literal("assistant")), content: z.optional(z.string()) }),
      logprobs: z.null(),
      finish_reason: z.nullable(z.enum(["stop", "length"])),
    }),
  ),
  /** Set only in the last chunk, which has no choices, and only if the request's `stream_options` ask for the usage. */
  usage: z.optional(chatUsageSchema),
  /** Set only in the last chunk that has a choice. */
  docrelay: z.optional(extensionSchema),
});
export type ChatChunk = z.infer<typeof chatChunkSchema>;

/** A part of an input item. Unknown types are accepted here, so that the refusal can name them. */
const inputPartSchema = z.object({
  type: z.string(),
  text: z.optional(z.string()),
  ...fileSchema.shape,
});
const inputItemSchema = z.object({
  type: z.optional(z.string()),
  role: z.optional(z.enum(["system", "developer", "user", "assistant"])),
  content: z.optional(z.union([z.string(), z.array(inputPartSchema)])),
});
export type InputItem = z.infer<typeof inputItemSchema>;

/**
 * The body of `POST /v1/responses`. Fields that choose or tune a model are ignored, as in `POST /v1/chat/completions`.
 */
export const responseRequestSchema = z.object({
  input: z.union([z.string(), z.array(inputItemSchema).check(z.minLength(1))]),
  instructions: z.nullish(z.string()),
  stream: z.nullish(z.boolean()),
  background: z.nullish(z.boolean()),
  previous_response_id: z.nullish(idSchema),
  conversation: z.nullish(z.union([idSchema, z.object({ id: idSchema })])),
  text: z.nullish(z.object({ format: z.optional(z.object({ type: z.string() })) })),
  tool_choice: z.nullish(z.union([z.string(), z.record(z.string(), z.unknown())])),
});
export type ResponseRequest = z.infer<typeof responseRequestSchema>;

const outputTextSchema = z.object({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()),
});
export type OutputText = z.infer<typeof outputTextSchema>;

/** An output item with a reply. A stream has one such item for each attempt whose text was sent to the client. */
const outputItemSchema = z.object({
  id: z.string(),
  type: z.literal("message"),
  role: z.literal("assistant"),
  status: z.enum(["in_progress", "completed", "incomplete"]),
  content: z.array(outputTextSchema),
});
export type OutputItem = z.infer<typeof outputItemSchema>;

/**
 * An ask in the form of OpenAI's Responses API. `id`: the id of the ask. `output`: the item of the attempt whose text
 * counts; items of earlier attempts are left out.
 */
export const responseSchema = z.object({
  id: z.string(),
  object: z.literal("response"),
  /** When the ask was made, in seconds since the epoch. */
  created_at: z.int(),
  status: z.enum(["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]),
  error: z.nullable(z.object({ code: z.string(), message: z.string() })),
  incomplete_details: z.nullable(z.object({ reason: z.literal("max_output_tokens") })),
  instructions: z.null(),
  metadata: z.record(z.string(), z.string()),
  model: z.string(),
  output: z.array(outputItemSchema),
  parallel_tool_calls: z.boolean(),
  temperature: z.null(),
  tool_choice: z.literal("none"),
  tools: z.array(z.unknown()),
  top_p: z.null(),
  /** Set once the reply is complete; null before that. */
  usage: z.nullable(
    z.object({
      input_tokens: z.int(),
      input_tokens_details: z.object({ cached_tokens: z.int() }),
      output_tokens: z.int(),
      output_tokens_details: z.object({ reasoning_tokens: z.int() }),
      total_tokens: z.int(),
    }),
  ),
  conversation: z.object({ id: z.string() }),
  docrelay: extensionSchema,
});
export type OpenAiResponse = z.infer<typeof responseSchema>;

/** The response to `DELETE /v1/responses/:id`. */
export const deletedResponseSchema = z.object({
  id: z.string(),
  object: z.literal("response"),
  deleted: z.literal(true),
});
export type DeletedResponse = z.infer<typeof deletedResponseSchema>;

/** The response to `DELETE /v1/files/:id`. */
export const deletedFileSchema = z.object({ id: z.string(), object: z.literal("file"), deleted: z.literal(true) });
export type DeletedFile = z.infer<typeof deletedFileSchema>;

/** The response to `POST /v1/files`: later asks may name the file by its id. */
export const openAiUploadSchema = z.object({
  id: z.string(),
  object: z.literal("file"),
  bytes: z.int(),
  created_at: z.int(),
  filename: z.string(),
  purpose: z.string(),
  status: z.literal("processed"),
});
export type OpenAiUpload = z.infer<typeof openAiUploadSchema>;

/** The response to `GET /v1/models/:id`. */
export const modelSchema = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
});
export type Model = z.infer<typeof modelSchema>;

/** The response to `GET /v1/models`. */
export const modelsSchema = z.object({ object: z.literal("list"), data: z.array(modelSchema) });
export type Models = z.infer<typeof modelsSchema>;

/**
 * The body of every refusal of the OpenAI API. `code`: docrelay's code. `type`: one of OpenAI's types, chosen by the
 * HTTP status.
 */
export const openAiErrorSchema = z.object({
  error: z.object({ message: z.string(), type: z.string(), code: z.string() }),
});
export type OpenAiError = z.infer<typeof openAiErrorSchema>;

import * as z from "zod/mini";
import { idSchema } from "../id.ts";

/** A PDF in a request of the OpenAI API: an upload's id, or the bytes as base64 (a `data:` URL prefix is fine). */
const fileSchema = z.object({
  filename: z.nullish(z.string()),
  file_data: z.nullish(z.string()),
  file_id: z.nullish(idSchema),
});
export type OpenAiFile = z.infer<typeof fileSchema>;

/** Parts of other types are read so that the refusal can name them. */
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
 * The body of `POST /v1/chat/completions`. Fields that choose a model or tune it are ignored, since the engine has its own
 * settings. `conversation` is no field of OpenAI's: the ask goes into that conversation of the user.
 */
export const chatRequestSchema = z.object({
  model: z.optional(z.string().check(z.maxLength(255))),
  messages: z.array(chatMessageSchema).check(z.minLength(1)),
  stream: z.nullish(z.boolean()),
  n: z.nullish(z.number()),
  modalities: z.nullish(z.array(z.string())),
  response_format: z.nullish(z.object({ type: z.string() })),
  tool_choice: z.nullish(z.union([z.string(), z.record(z.string(), z.unknown())])),
  conversation: z.nullish(idSchema),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** What docrelay adds to an answer of the OpenAI API. `files[i].upload` may be sent as a `file_id`. */
const extensionSchema = z.object({
  conversation: z.string(),
  files: z.array(z.object({ name: z.string(), upload: z.optional(z.string()) })),
  citations: z.array(z.object({ file: z.int(), page: z.int() })),
});
export type OpenAiExtension = z.infer<typeof extensionSchema>;

/** The answer to `POST /v1/chat/completions` once the ask is completed; `id` is the ask's. */
export const chatCompletionSchema = z.object({
  id: z.string(),
  object: z.literal("chat.completion"),
  /** Seconds since the epoch. */
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
  docrelay: extensionSchema,
});
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;

/** The data of one event of a streamed chat completion; the last event's data is `[DONE]`. */
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
  /** In the last chunk. */
  docrelay: z.optional(extensionSchema),
});
export type ChatChunk = z.infer<typeof chatChunkSchema>;

/** The answer to `GET /v1/models`. */
export const modelsSchema = z.object({
  object: z.literal("list"),
  data: z.array(z.object({ id: z.string(), object: z.literal("model"), created: z.int(), owned_by: z.string() })),
});
export type Models = z.infer<typeof modelsSchema>;

/** The body of every refusal of the OpenAI API. `code` is docrelay's; `type` is one of OpenAI's, by the status. */
export const openAiErrorSchema = z.object({
  error: z.object({ message: z.string(), type: z.string(), code: z.string() }),
});
export type OpenAiError = z.infer<typeof openAiErrorSchema>;

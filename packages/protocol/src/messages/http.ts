import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";
import { acceptedSchema, completedSchema, missingSchema } from "./event.ts";

const password = z.optional(z.string().check(z.maxLength(256)));

/** A file in a JSON body: the id of a finished upload of the same user, or the bytes themselves. */
const jsonFileSchema = z.union([
  z.strictObject({ upload: idSchema, password }),
  z.strictObject({
    name: z.string(),
    type: z.optional(z.string().check(z.maxLength(255))),
    /** The bytes as base64; they may begin with a `data:` URL prefix. */
    content: z.string(),
    password,
  }),
]);

/**
 * The JSON body of `POST /v1/asks`. Without `conversation`, the ask begins a new conversation. In a multipart body the
 * fields are `message`, `conversation`, `replaces`, `file` (any number) and `password` (the n-th one is for the n-th
 * file; empty for none).
 */
export const httpAskSchema = z.strictObject({
  message: z.optional(z.string()),
  conversation: z.optional(idSchema),
  files: z.optional(z.array(jsonFileSchema)),
  replaces: z.optional(idSchema),
});
export type HttpAsk = z.infer<typeof httpAskSchema>;

/** The response to `POST /v1/asks?wait=1` once the ask is completed. */
export const httpAnswerSchema = z.object({
  ask: z.string(),
  conversation: z.string(),
  text: z.string(),
  citations: z.array(z.object({ file: z.int(), page: z.int() })),
  suggestions: completedSchema.shape.suggestions,
  files: acceptedSchema.shape.files,
  timings: completedSchema.shape.timings,
});
export type HttpAnswer = z.infer<typeof httpAnswerSchema>;

/** An ask of a conversation, as far as it is kept: its question, its files, and its answer so far. */
const httpConversationAskSchema = z.object({
  id: z.string(),
  seq: z.int(),
  at: z.number(),
  message: z.string(),
  replaces: z.optional(z.string()),
  files: z.array(z.object({ name: z.string(), size: z.int(), sha256: z.string(), upload: z.optional(z.string()) })),
  attempt: z.int(),
  text: z.string(),
  state: z.enum(["waiting", "extracting", "asking", "completed", "failed", "cancelled"]),
  engine: z.optional(z.string()),
  error: z.optional(wireErrorSchema),
  citations: completedSchema.shape.citations,
  suggestions: completedSchema.shape.suggestions,
  timings: z.optional(completedSchema.shape.timings),
  feedback: z.optional(z.object({ verdict: z.enum(["up", "down"]), word: z.optional(z.string()) })),
});

/**
 * The response to `GET /v1/conversations/:id`. `head`: the seq of the conversation's newest event; a stream of events
 * can begin after this seq.
 */
export const httpConversationSchema = z.object({
  id: z.string(),
  head: z.int(),
  asks: z.array(httpConversationAskSchema),
});
export type HttpConversation = z.infer<typeof httpConversationSchema>;

/** The response to `POST /v1/uploads`: the id by which later asks may name the file. */
export const httpUploadSchema = z.object({ upload: z.string() });

/** The response to `GET /v1/uploads/:id/text` as JSON. `pages`: the text of each page, empty for a missing page. */
export const httpUploadTextSchema = z.object({
  pages: z.array(z.string()),
  missing: z.array(missingSchema),
  ocr: z.array(z.int()),
  truncated: z.boolean(),
});
export type HttpUploadText = z.infer<typeof httpUploadTextSchema>;

/**
 * The daily quotas: asks, bytes of files that are sent, pages of files that are extracted, and tokens of the engine.
 */
const dayLimitsSchema = z.object({
  asks: z.optional(z.int()),
  bytes: z.optional(z.int()),
  pages: z.optional(z.int()),
  tokens: z.optional(z.int()),
});
const dayUseSchema = z.object({
  /** The quotas. A missing field means that there is no limit. */
  limits: dayLimitsSchema,
  /** What was used today. Servers of version 0.1 do not send `tokens`. */
  used: z.object({ asks: z.int(), bytes: z.int(), pages: z.int(), tokens: z.optional(z.int()) }),
});
/**
 * The response to `GET /v1/usage`. `resetAt`: when the day ends, in ms since the epoch. `tenant`, `address`: the quotas
 * and use of all users of the user's tenant, or address, together; set if these have quotas.
 */
export const httpUsageSchema = z.object({
  ...dayUseSchema.shape,
  resetAt: z.number(),
  tenant: z.optional(dayUseSchema),
  address: z.optional(dayUseSchema),
});
export type HttpUsage = z.infer<typeof httpUsageSchema>;

/** The body of every refusal over HTTP. The table of errors gives the HTTP status of its code. */
export const httpErrorSchema = z.object({ error: wireErrorSchema });

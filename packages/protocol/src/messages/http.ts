import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";
import { acceptedSchema, completedSchema, missingSchema } from "./event.ts";

const password = z.optional(z.string().check(z.maxLength(256)));

/** A file in JSON: a finished upload of the same user, or the bytes themselves. */
const jsonFileSchema = z.union([
  z.strictObject({ upload: idSchema, password }),
  z.strictObject({
    name: z.string(),
    type: z.optional(z.string().check(z.maxLength(255))),
    /** base64; a `data:` URL prefix is allowed. */
    content: z.string(),
    password,
  }),
]);

/**
 * The body of `POST /v1/asks` as JSON. Without `conversation` the ask begins a new conversation. As multipart the
 * fields are `message`, `conversation`, `replaces`, `file` (repeated) and `password` (the n-th belongs to the n-th
 * file; empty for none).
 */
export const httpAskSchema = z.strictObject({
  message: z.optional(z.string()),
  conversation: z.optional(idSchema),
  files: z.optional(z.array(jsonFileSchema)),
  replaces: z.optional(idSchema),
});
export type HttpAsk = z.infer<typeof httpAskSchema>;

/** The response to `POST /v1/asks?wait=1`, when the ask is completed. */
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

/** One ask of a conversation, as far as it is kept: its question, its files, and its answer so far. */
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
 * The response to `GET /v1/conversations/:id`. `head`: the seq of the newest event, after which the stream of events
 * continues.
 */
export const httpConversationSchema = z.object({
  id: z.string(),
  head: z.int(),
  asks: z.array(httpConversationAskSchema),
});
export type HttpConversation = z.infer<typeof httpConversationSchema>;

/** The response to `POST /v1/uploads`: later asks may name this upload. */
export const httpUploadSchema = z.object({ upload: z.string() });

/** The response to `GET /v1/uploads/:id/text` as JSON: one text for each page, empty for a missing page. */
export const httpUploadTextSchema = z.object({
  pages: z.array(z.string()),
  missing: z.array(missingSchema),
  ocr: z.array(z.int()),
  truncated: z.boolean(),
});
export type HttpUploadText = z.infer<typeof httpUploadTextSchema>;

/** The counts of a day: asks, bytes of sent files, pages of extracted files, and the engine's tokens. */
const dayLimitsSchema = z.object({
  asks: z.optional(z.int()),
  bytes: z.optional(z.int()),
  pages: z.optional(z.int()),
  tokens: z.optional(z.int()),
});
const dayUseSchema = z.object({
  /** An absent field means no bound. */
  limits: dayLimitsSchema,
  /** `tokens`: absent from servers of version 0.1. */
  used: z.object({ asks: z.int(), bytes: z.int(), pages: z.int(), tokens: z.optional(z.int()) }),
});
/**
 * The response to `GET /v1/usage`. `resetAt`: when the day ends, in ms since the epoch. `tenant`, `address`: the use of
 * all users of the user's tenant or address together, where a quota bounds them.
 */
export const httpUsageSchema = z.object({
  ...dayUseSchema.shape,
  resetAt: z.number(),
  tenant: z.optional(dayUseSchema),
  address: z.optional(dayUseSchema),
});
export type HttpUsage = z.infer<typeof httpUsageSchema>;

/** The body of every refusal over HTTP. Its status is the HTTP status of the code in the table of errors. */
export const httpErrorSchema = z.object({ error: wireErrorSchema });

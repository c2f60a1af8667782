import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";

const password = z.optional(z.string().check(z.maxLength(256)));

/** A file of an ask that was uploaded before, by the upload's id. */
const uploadRef = z.strictObject({ upload: idSchema, password });
/** A file of an ask whose bytes are in the ask itself; only for small files. */
const inlineFile = z.strictObject({
  name: z.string(),
  type: z.string().check(z.maxLength(255)),
  bytes: z.instanceof(Uint8Array),
  password,
});

/**
 * The event `ask`: one message with any number of files. `payload.ts` checks the lengths and the names, because these
 * have error codes of their own.
 */
export const askSchema = z.strictObject({
  id: idSchema,
  conversation: idSchema,
  message: z.string(),
  files: z.optional(z.array(z.union([uploadRef, inlineFile]))),
  /** The id of an ask of the same conversation that this one replaces: its question was edited, or is asked again. */
  replaces: z.optional(idSchema),
  /** The `traceparent` (W3C Trace Context) of the trace to which the ask belongs. An invalid one is ignored. */
  traceparent: z.optional(z.string().check(z.maxLength(255))),
});
export type Ask = z.infer<typeof askSchema>;

/** The acknowledgement of an ask, sent only once the ask is stored durably. `seq`: the seq of its `accepted` event. */
export const askAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), ask: z.string(), seq: z.int(), duplicate: z.boolean() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

export const FEEDBACK_WORD_CHARS = 500;
/**
 * The event `feedback`: a user's feedback on an answer that has ended. Only the user's newest feedback on an answer
 * counts; `none` withdraws it.
 */
export const feedbackSchema = z.strictObject({
  conversation: idSchema,
  ask: idSchema,
  verdict: z.enum(["up", "down", "none"]),
  word: z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(FEEDBACK_WORD_CHARS))),
});
export type Feedback = z.infer<typeof feedbackSchema>;

/** The event `cancel`: cancels an ask at any stage, through any edge. Idempotent. */
export const cancelSchema = z.strictObject({ conversation: idSchema, ask: idSchema });

import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";

const password = z.optional(z.string().check(z.maxLength(256)));

/** A finished upload of the same user, by its id. */
const uploadRef = z.strictObject({ upload: idSchema, password });
/** A small file that is sent inside the ask. */
const inlineFile = z.strictObject({
  name: z.string(),
  type: z.string().check(z.maxLength(255)),
  bytes: z.instanceof(Uint8Array),
  password,
});

/**
 * `ask`: one message with 0..n files. The lengths and the names are checked in `payload.ts`, because they have error
 * codes of their own.
 */
export const askSchema = z.strictObject({
  id: idSchema,
  conversation: idSchema,
  message: z.string(),
  files: z.optional(z.array(z.union([uploadRef, inlineFile]))),
  /** The id of an ask of the same conversation that this one replaces: its question was edited, or is asked again. */
  replaces: z.optional(idSchema),
  /** The trace that the ask belongs to, in the form of W3C Trace Context. An invalid one is ignored. */
  traceparent: z.optional(z.string().check(z.maxLength(255))),
});
export type Ask = z.infer<typeof askSchema>;

/** The acknowledgement of an ask, sent only when the ask is durable. `seq`: the seq of its `accepted` event. */
export const askAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), ask: z.string(), seq: z.int(), duplicate: z.boolean() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

export const FEEDBACK_WORD_CHARS = 500;
/** `feedback`: a user's feedback on an answer that has ended. The newest feedback is valid; `none` withdraws it. */
export const feedbackSchema = z.strictObject({
  conversation: idSchema,
  ask: idSchema,
  verdict: z.enum(["up", "down", "none"]),
  word: z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(FEEDBACK_WORD_CHARS))),
});
export type Feedback = z.infer<typeof feedbackSchema>;

/** `cancel`: cancels an ask at any stage, through any edge. Idempotent. */
export const cancelSchema = z.strictObject({ conversation: idSchema, ask: idSchema });

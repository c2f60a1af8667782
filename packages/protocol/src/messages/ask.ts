import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";

const password = z.optional(z.string().check(z.maxLength(256)));

/** A finished upload of the same user, by its id. */
const uploadRef = z.strictObject({ upload: idSchema, password });
/** A small file that travels in the ask itself. */
const inlineFile = z.strictObject({
  name: z.string(),
  type: z.string().check(z.maxLength(255)),
  bytes: z.instanceof(Uint8Array),
  password,
});

/** `ask`: one message with 0..n files. Lengths and names have error codes of their own and are checked in `payload.ts`. */
export const askSchema = z.strictObject({
  id: idSchema,
  conversation: idSchema,
  message: z.string(),
  files: z.optional(z.array(z.union([uploadRef, inlineFile]))),
  /** An ask of the same conversation that this one stands for from now on: its question was edited, or is asked again. */
  replaces: z.optional(idSchema),
  /** Of W3C Trace Context: the trace that the ask belongs to. One that cannot be read is ignored. */
  traceparent: z.optional(z.string().check(z.maxLength(255))),
});
export type Ask = z.infer<typeof askSchema>;

/** The acknowledgement of an ask, sent only when it is durable; `seq` is that of its `accepted` event. */
export const askAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), ask: z.string(), seq: z.int(), duplicate: z.boolean() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

export const FEEDBACK_WORD_CHARS = 500;
/** `feedback`: what the user says of an answer, once it has ended. The newest counts; `none` takes it back. */
export const feedbackSchema = z.strictObject({
  conversation: idSchema,
  ask: idSchema,
  verdict: z.enum(["up", "down", "none"]),
  word: z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(FEEDBACK_WORD_CHARS))),
});
export type Feedback = z.infer<typeof feedbackSchema>;

/** `cancel`: idempotent, at any stage, on any edge. */
export const cancelSchema = z.strictObject({ conversation: idSchema, ask: idSchema });

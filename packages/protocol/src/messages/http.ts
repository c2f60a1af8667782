import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";
import { acceptedSchema, completedSchema } from "./event.ts";

const password = z.optional(z.string().check(z.maxLength(256)));

/** A file in JSON: a finished upload of the same user, or the bytes themselves. */
const jsonFileSchema = z.union([
  z.strictObject({ upload: idSchema, password }),
  z.strictObject({
    name: z.string(),
    type: z.optional(z.string().check(z.maxLength(255))),
    /** base64; a `data:` URL prefix is fine. */
    content: z.string(),
    password,
  }),
]);

/**
 * The body of `POST /v1/asks` as JSON. Without `conversation` the ask begins one of its own. As multipart the fields
 * are `message`, `conversation`, `file` (repeated) and `password` (the n-th is of the n-th file, empty for none).
 */
export const httpAskSchema = z.strictObject({
  message: z.optional(z.string()),
  conversation: z.optional(idSchema),
  files: z.optional(z.array(jsonFileSchema)),
});
export type HttpAsk = z.infer<typeof httpAskSchema>;

/** The answer to `POST /v1/asks?wait=1`, once the ask is completed. */
export const httpAnswerSchema = z.object({
  ask: z.string(),
  conversation: z.string(),
  text: z.string(),
  citations: z.array(z.object({ file: z.int(), page: z.int() })),
  files: acceptedSchema.shape.files,
  timings: completedSchema.shape.timings,
});
export type HttpAnswer = z.infer<typeof httpAnswerSchema>;

/** The body of every refusal over HTTP; its status is that of the code in the table of errors. */
export const httpErrorSchema = z.object({ error: wireErrorSchema });

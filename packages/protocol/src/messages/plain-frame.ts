import * as z from "zod/mini";

const plainFileSchema = z.object({
  name: z.string(),
  type: z.optional(z.nullable(z.string())),
  /** base64; a `data:` URL prefix is fine. */
  content: z.string(),
});
export type PlainFile = z.infer<typeof plainFileSchema>;

/** The frame of the original front end on `/ws/chat`. Other fields are accepted and ignored. */
export const plainFrameSchema = z.object({
  message: z.optional(z.nullable(z.string())),
  type: z.optional(z.literal("chat")),
  unique_id: z.optional(z.nullable(z.string().check(z.maxLength(256)))),
  file: z.optional(z.nullable(plainFileSchema)),
  files: z.optional(z.nullable(z.array(plainFileSchema))),
  stream: z.optional(z.boolean()),
});

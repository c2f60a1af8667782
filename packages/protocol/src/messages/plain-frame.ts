import * as z from "zod/mini";

const plainFileSchema = z.object({
  name: z.string(),
  type: z.optional(z.nullable(z.string())),
  /** The bytes as base64. White space is allowed, and a `data:` URL prefix. */
  content: z.string(),
});
export type PlainFile = z.infer<typeof plainFileSchema>;

/** What front ends send when there is no file. */
const noFileSchema = z.union([z.literal(["", 0, false]), z.null(), z.strictObject({}), z.tuple([])]);
const fileSchema = z.union([noFileSchema, plainFileSchema]);

/**
 * The frame that the original front end sends on `/ws/chat`. Other fields are accepted and ignored, also the field
 * `replaces` of the Socket.IO event `ask`: front ends never get the ids of asks.
 */
export const plainFrameSchema = z.object({
  message: z.optional(z.nullable(z.string())),
  type: z.optional(z.literal("chat")),
  /** An id of the front end, which the reply repeats unchanged. */
  unique_id: z.optional(z.nullable(z.union([z.string().check(z.maxLength(256)), z.number(), z.boolean()]))),
  file: z.optional(fileSchema),
  files: z.optional(z.nullable(z.array(fileSchema))),
  stream: z.optional(z.boolean()),
});

/** Returns the file of a plain frame; undefined when the frame has none. */
export function givenFile(file: z.infer<typeof fileSchema> | undefined): PlainFile | undefined {
  return file && "content" in Object(file) ? (file as PlainFile) : undefined;
}

import * as z from "zod/mini";

const plainFileSchema = z.object({
  name: z.string(),
  type: z.optional(z.nullable(z.string())),
  /** base64; white space and a `data:` URL prefix are allowed. */
  content: z.string(),
});
export type PlainFile = z.infer<typeof plainFileSchema>;

/** The forms in which front ends send "no file". */
const noFileSchema = z.union([z.literal(["", 0, false]), z.null(), z.strictObject({}), z.tuple([])]);
const fileSchema = z.union([noFileSchema, plainFileSchema]);

/**
 * The frame of the original front end on `/ws/chat`. Other fields are accepted and ignored. Socket.IO's `replaces` is
 * ignored, too, because front ends never receive ids of asks.
 */
export const plainFrameSchema = z.object({
  message: z.optional(z.nullable(z.string())),
  type: z.optional(z.literal("chat")),
  /** Returned unchanged in the reply. */
  unique_id: z.optional(z.nullable(z.union([z.string().check(z.maxLength(256)), z.number(), z.boolean()]))),
  file: z.optional(fileSchema),
  files: z.optional(z.nullable(z.array(fileSchema))),
  stream: z.optional(z.boolean()),
});

/** The file of a plain frame, or undefined if it is one of the forms of "no file". */
export function givenFile(file: z.infer<typeof fileSchema> | undefined): PlainFile | undefined {
  return file && "content" in Object(file) ? (file as PlainFile) : undefined;
}

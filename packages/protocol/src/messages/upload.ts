import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";

const refused = z.object({ ok: z.literal(false), error: wireErrorSchema });

/** `upload:start`: begins an upload, or returns the offset from which to continue it. `size` in bytes. */
export const uploadStartSchema = z.strictObject({
  upload: idSchema,
  name: z.string(),
  type: z.string().check(z.maxLength(255)),
  size: z.int().check(z.gte(0)),
});
export type UploadStart = z.infer<typeof uploadStartSchema>;
export const uploadStartAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), upload: z.string(), offset: z.int(), chunkBytes: z.int() }),
  refused,
]);

/** `upload:chunk`: the bytes from `offset` on. Idempotent. */
export const uploadChunkSchema = z.strictObject({
  upload: idSchema,
  offset: z.int().check(z.gte(0)),
  bytes: z.instanceof(Uint8Array),
});
/** The acknowledgement of a chunk, which is also the backpressure: all bytes before `offset` are stored. */
export const uploadChunkAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), offset: z.int(), done: z.boolean() }),
  refused,
]);

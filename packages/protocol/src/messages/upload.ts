import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";
import { missingSchema } from "./event.ts";

const refused = z.object({ ok: z.literal(false), error: wireErrorSchema });

/** `upload:start`: begins an upload, or returns the offset from which to continue it. `size` is in bytes. */
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

/**
 * The progress of an upload. The server sends it as the hint `upload` to each socket of the user that has named the
 * upload, and as the acknowledgement of `upload:status`. Extraction begins when the last byte has arrived. `ready` and
 * `failed` are final; pages count from 1, `chars` and `missing` are as in `extracted`, `error` is the reason why there
 * is no text.
 */
const status = {
  upload: z.string(),
  stage: z.enum(["receiving", "queued", "extracting", "ready", "failed"]),
  page: z.optional(z.int()),
  pages: z.optional(z.int()),
  chars: z.optional(z.int()),
  missing: z.optional(z.array(missingSchema)),
  error: z.optional(wireErrorSchema),
};
export const uploadHintSchema = z.object(status);
export type UploadStatus = z.infer<typeof uploadHintSchema>;

/** `upload:status`: returns the stage of an upload; every later stage is sent to the socket as a hint. */
export const uploadStatusSchema = z.strictObject({ upload: idSchema });
export const uploadStatusAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), ...status }),
  refused,
]);

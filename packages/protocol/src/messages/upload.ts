import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { idSchema } from "../id.ts";
import { missingSchema } from "./event.ts";

const refused = z.object({ ok: z.literal(false), error: wireErrorSchema });

/**
 * The event `upload:start`: begins an upload, or returns the offset at which an upload continues. `size` is in bytes.
 */
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

/** The event `upload:chunk`: the bytes of a file from `offset` on. Idempotent. */
export const uploadChunkSchema = z.strictObject({
  upload: idSchema,
  offset: z.int().check(z.gte(0)),
  bytes: z.instanceof(Uint8Array),
});
/**
 * The acknowledgement of a chunk: all bytes before `offset` are stored. Clients wait for it before they send further
 * chunks.
 */
export const uploadChunkAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), offset: z.int(), done: z.boolean() }),
  refused,
]);

/**
 * The progress of an upload. The server sends it as the hint `upload` to each connection of the user that has named the
 * upload, and as the acknowledgement of `upload:status`. Extraction begins when the last byte has arrived. `ready` and
 * `failed` are final. Page numbers begin at 1, `chars` and `missing` are as in the event `extracted`, and `error` is
 * why there is no text.
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

/**
 * The event `upload:status`: returns the stage of an upload. From then on, each later stage is sent to the connection
 * as a hint.
 */
export const uploadStatusSchema = z.strictObject({ upload: idSchema });
export const uploadStatusAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), ...status }),
  refused,
]);

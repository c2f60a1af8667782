import * as z from "zod/mini";
import { catch as otherwise } from "zod/mini";
import { ERRORS, type ErrorCode } from "./error-table.ts";

/**
 * The error that a client gets when something is refused or fails. Clients decide by `code` only. A code that a client
 * does not know, from a newer server, is read as `INTERNAL`; `message` and `retryable` stay as the server sent them.
 */
export const wireErrorSchema = z.object({
  code: otherwise(z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), "INTERNAL"),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.optional(z.int()),
  reason: z.optional(z.string()),
  ask: z.optional(z.string()),
  file: z.optional(z.int()),
  trace: z.optional(z.string()),
  /** With `PROMPT_TOO_LARGE`, if known: the bytes of the prompt, and the most bytes that the engine accepts. */
  bytes: z.optional(z.int()),
  limit: z.optional(z.int()),
  expectedOffset: z.optional(z.int()),
  /** With `QUOTA_EXCEEDED`: when the quota has room again, in ms since the epoch. */
  resetAt: z.optional(z.int()),
});
export type WireError = z.infer<typeof wireErrorSchema>;

import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { limitsSchema } from "../limits.ts";

/** The `auth` of the Socket.IO handshake. */
export const handshakeSchema = z.object({ token: z.optional(z.string()), protocol: z.literal(1) });

/**
 * How long the token is still valid at the time of sending. A client renews the token by this field, not by
 * `expiresAt`, because its clock may be wrong. Absent from older servers.
 */
const expiresInMs = z.optional(z.int());

/** The first event on a connection. `expiresAt` is in ms since the epoch; `node` names the edge process. */
export const welcomeSchema = z.object({
  user: z.string(),
  protocol: z.literal(1),
  node: z.string(),
  limits: limitsSchema,
  expiresAt: z.number(),
  /**
   * What the server can do, see `FEATURES`; absent from servers of version 0.1. Unknown words come from newer servers
   * and are kept.
   */
  features: z.optional(z.array(z.string())),
  expiresInMs,
  /**
   * Set for a connection with the token of a link: the only conversation, which may be opened and closed, nothing else.
   */
  shared: z.optional(z.string()),
});
export type Welcome = z.infer<typeof welcomeSchema>;

/** The response of `POST /v1/session`. */
export const sessionSchema = z.object({ token: z.string(), user: z.string(), expiresAt: z.number(), expiresInMs });
export type Session = z.infer<typeof sessionSchema>;

/** `auth:refresh` and its acknowledgement. */
export const refreshSchema = z.strictObject({ token: z.string() });
export const refreshAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), expiresAt: z.number(), expiresInMs }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

/** A hint about the progress of an ask. It may be lost, and is not in the log. Pages and positions count from 1. */
export const progressSchema = z.object({
  conversation: z.string(),
  ask: z.string(),
  /** `waiting-for-engine`: nothing was sent to the engine yet, or another call follows. */
  stage: z.enum(["queued", "extracting", "asking", "waiting-for-engine"]),
  file: z.optional(z.int()),
  page: z.optional(z.int()),
  pages: z.optional(z.int()),
  position: z.optional(z.int()),
  /** The number of the next engine call, and of all calls that may be made; for how long the engine has been away. */
  attempt: z.optional(z.int()),
  of: z.optional(z.int()),
  sinceMs: z.optional(z.int()),
});
export type Progress = z.infer<typeof progressSchema>;

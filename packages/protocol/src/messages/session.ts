import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { limitsSchema } from "../limits.ts";

/** The `auth` object of the Socket.IO handshake. */
export const handshakeSchema = z.object({ token: z.optional(z.string()), protocol: z.literal(1) });

/**
 * For how many ms the token is still valid when this is sent. A client renews the token by this field and not by
 * `expiresAt`, because the client's clock may be wrong. Older servers do not send this field.
 */
const expiresInMs = z.optional(z.int());

/**
 * The first event on a connection. `expiresAt`: when the token ends, in ms since the epoch. `node`: the name of the
 * edge process.
 */
export const welcomeSchema = z.object({
  user: z.string(),
  protocol: z.literal(1),
  node: z.string(),
  limits: limitsSchema,
  expiresAt: z.number(),
  /**
   * What the server can do; see `FEATURES`. Servers of version 0.1 do not send it. Words that a client does not know
   * come from newer servers, and are kept.
   */
  features: z.optional(z.array(z.string())),
  expiresInMs,
  /**
   * Set if the client connected with the token of a link: the only conversation that it may open and close. It may do
   * nothing else.
   */
  shared: z.optional(z.string()),
});
export type Welcome = z.infer<typeof welcomeSchema>;

/** The response to `POST /v1/session`. */
export const sessionSchema = z.object({ token: z.string(), user: z.string(), expiresAt: z.number(), expiresInMs });
export type Session = z.infer<typeof sessionSchema>;

/** The event `auth:refresh`: a new token for this connection. */
export const refreshSchema = z.strictObject({ token: z.string() });
export const refreshAckSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), expiresAt: z.number(), expiresInMs }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
]);

/**
 * A hint about the progress of an ask. The hint may be lost, and is not in the log. Page numbers and positions begin at
 * 1.
 */
export const progressSchema = z.object({
  conversation: z.string(),
  ask: z.string(),
  /** `waiting-for-engine`: nothing was sent to the engine yet, or another call follows. */
  stage: z.enum(["queued", "extracting", "asking", "waiting-for-engine"]),
  file: z.optional(z.int()),
  page: z.optional(z.int()),
  pages: z.optional(z.int()),
  position: z.optional(z.int()),
  /**
   * `attempt`: the number of the next engine call. `of`: how many calls may be made. `sinceMs`: for how many ms the
   * engine has been away.
   */
  attempt: z.optional(z.int()),
  of: z.optional(z.int()),
  sinceMs: z.optional(z.int()),
});
export type Progress = z.infer<typeof progressSchema>;

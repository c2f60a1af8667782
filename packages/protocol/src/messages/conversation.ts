import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { logEntrySchema, type Event } from "./event.ts";
import { idSchema } from "../id.ts";

/** Position in a conversation's reply log: the last event that a client applied. */
export const positionSchema = z.strictObject({
  seq: z.int().check(z.gte(0)),
  nonce: z.string().check(z.maxLength(64)),
});
export type Position = z.infer<typeof positionSchema>;

/**
 * `conversation:open`. `holes`: pieces of older answers that the log has dropped are left out of the reply; without it each is an
 * empty `delta`, and `seq` has no hole. The text of those answers is in their terminal events.
 */
export const openSchema = z.strictObject({
  conversation: idSchema,
  after: z.optional(positionSchema),
  holes: z.optional(z.boolean()),
});
export type Open = z.infer<typeof openSchema>;

/** `conversation:close`. */
export const closeSchema = z.strictObject({ conversation: idSchema });

const refused = z.object({ ok: z.literal(false), error: wireErrorSchema });

/** The acknowledgement of an open. `more`: open again with the last event's position. `first`: the oldest kept seq. */
const openedSchema = z.object({
  ok: z.literal(true),
  events: z.array(logEntrySchema),
  more: z.boolean(),
  first: z.int(),
  head: z.nullable(positionSchema),
});
/** The same as a server writes it, which knows all of its own events. */
export type Opened = Omit<z.infer<typeof openedSchema>, "events"> & { events: Event[] };

export const openAckSchema = z.discriminatedUnion("ok", [openedSchema, refused]);
/** The acknowledgement of `conversation:close` and `cancel`. */
export const plainAckSchema = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true) }), refused]);

/** A conversation in the list of its user's. `at`: when its newest question was asked; `files`: names; times in ms. */
export const listedConversationSchema = z.object({
  id: z.string(),
  /** The first question, until it is renamed. */
  title: z.string(),
  at: z.number(),
  asks: z.int(),
  files: z.array(z.string()),
  expiresAt: z.number(),
});
export type ListedConversation = z.infer<typeof listedConversationSchema>;

/** `conversations:list`. `before`: the `at` or the `id` of the last conversation of the page before; an id is exact. */
export const listSchema = z.strictObject({
  before: z.optional(z.union([z.number().check(z.gte(0)), idSchema])),
  limit: z.optional(z.int().check(z.gte(1), z.lte(100))),
});
export type ListConversations = z.infer<typeof listSchema>;
export const LIST_LIMIT = 50;

const listed = { conversations: z.array(listedConversationSchema), more: z.boolean() };
/** The answer to `GET /v1/conversations`, newest first. */
export const httpConversationsSchema = z.object(listed);
export const listAckSchema = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), ...listed }), refused]);

/** `conversation:rename`. */
export const renameSchema = z.strictObject({
  conversation: idSchema,
  title: z.string().check(z.trim(), z.minLength(1), z.maxLength(200)),
});
/** `conversation:delete`: its asks are cancelled, and nothing of it is kept. */
export const deleteSchema = z.strictObject({ conversation: idSchema });

/** `conversation:share`: a link through which anybody may read the conversation until it ends. */
export const shareSchema = z.strictObject({ conversation: idSchema });
/** `conversation:unshare`: ends all links to the conversation. */
export const unshareSchema = z.strictObject({ conversation: idSchema });
const shared = { token: z.string(), expiresAt: z.number(), expiresInMs: z.int() };
/** The answer to `POST /v1/conversations/:id/share`: the token of a link. Times in ms. */
export const sharedSchema = z.object(shared);
export type Shared = z.infer<typeof sharedSchema>;
export const shareAckSchema = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), ...shared }), refused]);

/** The hint `conversations` for the other connections of a user: the list has changed. It may be lost. */
export const conversationsHintSchema = z.object({
  conversation: z.string(),
  change: z.enum(["added", "renamed", "deleted"]),
});
export type ConversationsHint = z.infer<typeof conversationsHintSchema>;

/** The acknowledgement of any client event: the event's own fields, or a refusal. */
export type Ack<T extends object = object> = ({ ok: true } & T) | z.infer<typeof refused>;

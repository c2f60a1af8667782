import * as z from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";
import { logEntrySchema, type Event } from "./event.ts";
import { idSchema } from "../id.ts";

/** A position in a conversation's reply log: of the last event that a client has applied. */
export const positionSchema = z.strictObject({
  seq: z.int().check(z.gte(0)),
  nonce: z.string().check(z.maxLength(64)),
});
export type Position = z.infer<typeof positionSchema>;

/**
 * The event `conversation:open`. With `holes`, the reply leaves out deltas of older answers that the log has dropped.
 * Otherwise each of them is an empty `delta`, so that `seq` has no holes. The text of those answers is in their
 * terminal events.
 */
export const openSchema = z.strictObject({
  conversation: idSchema,
  after: z.optional(positionSchema),
  holes: z.optional(z.boolean()),
});
export type Open = z.infer<typeof openSchema>;

/** The event `conversation:close`. */
export const closeSchema = z.strictObject({ conversation: idSchema });

const refused = z.object({ ok: z.literal(false), error: wireErrorSchema });

/**
 * The acknowledgement of `conversation:open`. `more`: the log has further events; to get them, open again with the
 * position of the last returned event. `first`: the seq of the oldest kept event. `head`: the position of the newest
 * event.
 */
const openedSchema = z.object({
  ok: z.literal(true),
  events: z.array(logEntrySchema),
  more: z.boolean(),
  first: z.int(),
  head: z.nullable(positionSchema),
});
/**
 * The acknowledgement of `conversation:open` for the server that writes it: a server knows all types of events that it
 * sends, so none is unknown.
 */
export type Opened = Omit<z.infer<typeof openedSchema>, "events"> & { events: Event[] };

export const openAckSchema = z.discriminatedUnion("ok", [openedSchema, refused]);
/** The acknowledgement of `conversation:close` and `cancel`. */
export const plainAckSchema = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true) }), refused]);

/**
 * A conversation in the list of its user. `at`: when its newest question was asked, in ms since the epoch. `files`: the
 * names of all its files.
 */
export const listedConversationSchema = z.object({
  id: z.string(),
  /** The first question, or the title that a user has given. */
  title: z.string(),
  at: z.number(),
  asks: z.int(),
  files: z.array(z.string()),
  expiresAt: z.number(),
});
export type ListedConversation = z.infer<typeof listedConversationSchema>;

/**
 * The event `conversations:list`. `before`: the `at` or the `id` of the last conversation on the page before; only the
 * id is exact if several have the same `at`.
 */
export const listSchema = z.strictObject({
  before: z.optional(z.union([z.number().check(z.gte(0)), idSchema])),
  limit: z.optional(z.int().check(z.gte(1), z.lte(100))),
});
export type ListConversations = z.infer<typeof listSchema>;
export const LIST_LIMIT = 50;

const listed = { conversations: z.array(listedConversationSchema), more: z.boolean() };
/** The response to `GET /v1/conversations`, newest first. */
export const httpConversationsSchema = z.object(listed);
export const listAckSchema = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), ...listed }), refused]);

/** The event `conversation:rename`. */
export const renameSchema = z.strictObject({
  conversation: idSchema,
  title: z.string().check(z.trim(), z.minLength(1), z.maxLength(200)),
});
/** The event `conversation:delete`: cancels the asks of a conversation and removes everything that is kept of it. */
export const deleteSchema = z.strictObject({ conversation: idSchema });

/** The event `conversation:share`: makes a link through which anybody may read the conversation until the link ends. */
export const shareSchema = z.strictObject({ conversation: idSchema });
/** The event `conversation:unshare`: ends all links to a conversation. */
export const unshareSchema = z.strictObject({ conversation: idSchema });
const shared = { token: z.string(), expiresAt: z.number(), expiresInMs: z.int() };
/** The response to `POST /v1/conversations/:id/share`: the token of a link. Times are in ms. */
export const sharedSchema = z.object(shared);
export type Shared = z.infer<typeof sharedSchema>;
export const shareAckSchema = z.discriminatedUnion("ok", [z.object({ ok: z.literal(true), ...shared }), refused]);

/**
 * The hint `conversations` to the other connections of a user: their list of conversations has changed. The hint may be
 * lost.
 */
export const conversationsHintSchema = z.object({
  conversation: z.string(),
  change: z.enum(["added", "renamed", "deleted"]),
});
export type ConversationsHint = z.infer<typeof conversationsHintSchema>;

/** The acknowledgement of any event of a client: fields that depend on the event, or a refusal. */
export type Ack<T extends object = object> = ({ ok: true } & T) | z.infer<typeof refused>;

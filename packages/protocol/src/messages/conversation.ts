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

/** `conversation:open`. */
export const openSchema = z.strictObject({ conversation: idSchema, after: z.optional(positionSchema) });
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

/** The acknowledgement of any client event: the event's own fields, or a refusal. */
export type Ack<T extends object = object> = ({ ok: true } & T) | z.infer<typeof refused>;

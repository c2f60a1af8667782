import * as z from "zod/mini";
import { catch as otherwise } from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";

const head = {
  conversation: z.string(),
  /** The number of the event in its conversation: 1, 2, 3 … without holes. */
  seq: z.int(),
  /**
   * A random text for each event. If an event that a client knows has another nonce in the log, the log was rolled
   * back.
   */
  nonce: z.string(),
  ask: z.string(),
  /** The number of the engine call that the event belongs to; 0 before the first call. */
  attempt: z.int(),
  /** When the event was written, in ms since the epoch. For display only: `seq` is the order. */
  at: z.number(),
};

/**
 * A page without text, and the reason. A reason that a client does not know, from a newer server, is read as "error",
 * so that the event stays readable.
 */
export const missingSchema = z.object({
  page: z.int(),
  reason: otherwise(z.enum(["scan", "unnamed", "error", "limit"]), "error"),
});
export type MissingPage = z.infer<typeof missingSchema>;

const citationSchema = z.object({ file: z.int(), page: z.int() });
export type Citation = z.infer<typeof citationSchema>;

const timingsSchema = z.object({
  queuedMs: z.number(),
  extractMs: z.number(),
  firstTokenMs: z.number(),
  totalMs: z.number(),
});

/**
 * The tokens of an ask, as the engine counts them. `estimated`: the engine does not report them, so they are an
 * estimate.
 */
const tokensSchema = z.object({ promptTokens: z.int(), answerTokens: z.int(), estimated: z.optional(z.boolean()) });

/** The first event of every ask. */
const accepted = z.object({
  ...head,
  type: z.literal("accepted"),
  message: z.string(),
  /**
   * The files of the ask. `upload`: the id by which any connection of the same user may name the file again; missing in
   * logs of version 0.1.
   */
  files: z.array(z.object({ name: z.string(), size: z.int(), sha256: z.string(), upload: z.optional(z.string()) })),
  /** The id of the ask that this one replaces. Later prompts leave out the replaced ask. */
  replaces: z.optional(z.string()),
});
/**
 * The text of a file is stored. Each file has one such event, with attempt 0. Page numbers begin at 1. `used`: the
 * ranges of pages in the prompt, set if the prompt does not have all pages. `attachments`: the names of the files
 * attached to the PDF, set if there are any.
 */
const extracted = z.object({
  ...head,
  type: z.literal("extracted"),
  file: z.int(),
  pages: z.int(),
  chars: z.int(),
  cached: z.boolean(),
  missing: z.array(missingSchema),
  ocr: z.array(z.int()),
  truncated: z.boolean(),
  used: z.optional(z.array(z.tuple([z.int(), z.int()]))),
  attachments: z.optional(z.array(z.string())),
});
/**
 * The engine was given the prompt. If `attempt` is higher than before, the engine was called again, and the deltas
 * before this event are void.
 */
const started = z.object({ ...head, type: z.literal("started"), engine: z.string() });
const delta = z.object({ ...head, type: z.literal("delta"), text: z.string() });
/**
 * A terminal event, with the whole reply. `truncated`: the reply was cut because it was too long, or the engine stopped early. `suggestions`:
 * questions that the user may ask next. `frame`: the reply frame of the engine, if it replied with a single JSON frame.
 */
const completed = z.object({
  ...head,
  type: z.literal("completed"),
  text: z.string(),
  timings: timingsSchema,
  citations: z.optional(z.array(citationSchema)),
  suggestions: z.optional(z.array(z.string())),
  truncated: z.optional(z.boolean()),
  frame: z.optional(z.string()),
  usage: z.optional(tokensSchema),
});
const failed = z.object({ ...head, type: z.literal("failed"), error: wireErrorSchema });
/** A terminal event: the ask was cancelled. `text`: the part of the reply that had arrived. */
const cancelled = z.object({ ...head, type: z.literal("cancelled"), text: z.string() });
/**
 * A user's feedback on an ask that has ended. Only the user's newest feedback on an ask counts; `none` withdraws it.
 * The event's attempt is 0.
 */
const feedback = z.object({
  ...head,
  type: z.literal("feedback"),
  verdict: z.enum(["up", "down", "none"]),
  word: z.optional(z.string()),
});

export { accepted as acceptedSchema, completed as completedSchema };

/** One durable entry of a conversation's reply log. */
export const eventSchema = z.discriminatedUnion("type", [
  accepted,
  extracted,
  started,
  delta,
  completed,
  failed,
  cancelled,
  feedback,
]);
export type Event = z.infer<typeof eventSchema>;
export type EventType = Event["type"];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** An entry with a type or fields that this version does not know. Such an entry is not shown, but its seq counts. */
const unknownSchema = z.object({
  ...head,
  type: z.pipe(
    z.string(),
    z.transform((): "unknown" => "unknown"),
  ),
});
export type UnknownEvent = z.infer<typeof unknownSchema>;

/**
 * An entry of a log as a reader sees it. Newer servers may add types. If a reader refused them, it would see a gap that
 * is never filled.
 */
export const logEntrySchema = z.union([eventSchema, unknownSchema]);
export type LogEntry = Event | UnknownEvent;

/** The fields of an event that its writer sets. The log adds `seq` and `at`; the other fields come from the ask. */
export type EventBody<T extends EventType = EventType> = T extends EventType
  ? Omit<EventOf<T>, "conversation" | "seq" | "nonce" | "ask" | "attempt" | "at">
  : never;

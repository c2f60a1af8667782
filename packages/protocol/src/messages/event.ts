import * as z from "zod/mini";
import { catch as otherwise } from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";

const head = {
  conversation: z.string(),
  /** 1, 2, 3 … per conversation, without holes. */
  seq: z.int(),
  /** Random for each event: if a known seq has another nonce, the log was rolled back. */
  nonce: z.string(),
  ask: z.string(),
  /** The number of the engine call; 0 before the first. */
  attempt: z.int(),
  /** Milliseconds since the epoch, for display only: the order is `seq`. */
  at: z.number(),
};

/** Why a page is missing. An unknown reason of a newer server is read as "error", so that the event stays readable. */
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

/** The tokens of an answer, as the engine counts them; `estimated` if the engine does not report them. */
const tokensSchema = z.object({ promptTokens: z.int(), answerTokens: z.int(), estimated: z.optional(z.boolean()) });

/** The first event of every ask. */
const accepted = z.object({
  ...head,
  type: z.literal("accepted"),
  message: z.string(),
  /**
   * `upload`: the id by which any connection of the same user may name the file again; absent in logs of version 0.1.
   */
  files: z.array(z.object({ name: z.string(), size: z.int(), sha256: z.string(), upload: z.optional(z.string()) })),
  /** The id of the ask that this one replaces: engines no longer receive the replaced ask. */
  replaces: z.optional(z.string()),
});
/**
 * A file's text is stored. One for each file, with attempt 0. Pages count from 1; `used`: the page ranges in the
 * prompt, if not all are used. `attachments`: the names of files that the PDF contains, if any.
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
/** The engine has received the prompt. A `started` with a higher `attempt` voids the deltas before it. */
const started = z.object({ ...head, type: z.literal("started"), engine: z.string() });
const delta = z.object({ ...head, type: z.literal("delta"), text: z.string() });
/**
 * Terminal: the whole reply. `truncated`: it was cut at its largest size; `suggestions`: questions that the user may
 * ask next. `frame`: the engine's reply frame, if the engine replied with a single JSON frame.
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
/** Terminal: the ask was cancelled; `text`: the part of the reply that had arrived. */
const cancelled = z.object({ ...head, type: z.literal("cancelled"), text: z.string() });
/** A user's feedback on an ask that has ended: the newest is valid, and `none` withdraws it. Its attempt is 0. */
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

/** An entry whose type or body this version does not know. Its seq counts, but it is not shown. */
const unknownSchema = z.object({
  ...head,
  type: z.pipe(
    z.string(),
    z.transform((): "unknown" => "unknown"),
  ),
});
export type UnknownEvent = z.infer<typeof unknownSchema>;

/**
 * One entry of a log as a reader sees it. Newer servers may add types: a reader that refused such entries would see a
 * gap that is never filled.
 */
export const logEntrySchema = z.union([eventSchema, unknownSchema]);
export type LogEntry = Event | UnknownEvent;

/** The fields that a writer sets; the log adds `seq` and `at`, and the remaining fields from the ask's address. */
export type EventBody<T extends EventType = EventType> = T extends EventType
  ? Omit<EventOf<T>, "conversation" | "seq" | "nonce" | "ask" | "attempt" | "at">
  : never;

import * as z from "zod/mini";
import { catch as otherwise } from "zod/mini";
import { wireErrorSchema } from "../errors/wire-error.ts";

const head = {
  conversation: z.string(),
  /** 1, 2, 3 … per conversation, no holes. */
  seq: z.int(),
  /** Random per event: a known seq with another nonce means that the log was rolled back. */
  nonce: z.string(),
  ask: z.string(),
  /** Number of the engine call; 0 before the first. */
  attempt: z.int(),
  /** Milliseconds since the epoch, for display only: the order is `seq`. */
  at: z.number(),
};

/** A reason that a newer server gives is read as "error": the event around it must stay readable. */
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

/** What an answer has cost, as the engine counts it; `estimated` where it does not say. */
const tokensSchema = z.object({ promptTokens: z.int(), answerTokens: z.int(), estimated: z.optional(z.boolean()) });

/** First event of every ask. */
const accepted = z.object({
  ...head,
  type: z.literal("accepted"),
  message: z.string(),
  /** `upload`: the id under which any connection of the same user may name the file again; absent in logs of 0.1. */
  files: z.array(z.object({ name: z.string(), size: z.int(), sha256: z.string(), upload: z.optional(z.string()) })),
  /** The ask that this one replaces: engines do not get the replaced one any more. */
  replaces: z.optional(z.string()),
});
/** One per file, attempt 0: its text is stored. Pages count from 1; `used`: the ranges that the prompt holds, when not all.
 * `attachments`: names of the files that it carries, when it carries some. */
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
/** The engine has the prompt; one with a higher `attempt` voids the deltas before it. */
const started = z.object({ ...head, type: z.literal("started"), engine: z.string() });
const delta = z.object({ ...head, type: z.literal("delta"), text: z.string() });
/** Terminal: the whole reply; `truncated`: it was cut at a largest size; `suggestions`: questions that may be asked next. `frame` is the engine's reply frame if it replied with a single JSON frame. */
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
/** Terminal: `text` is the part that had arrived. */
const cancelled = z.object({ ...head, type: z.literal("cancelled"), text: z.string() });
/** What the user says of an ask that has ended: the newest one counts, and `none` takes an earlier one back. Its attempt is 0. */
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

/** An entry of a type, or with a body, that this version does not know. Its seq counts; nothing is shown of it. */
const unknownSchema = z.object({
  ...head,
  type: z.pipe(
    z.string(),
    z.transform((): "unknown" => "unknown"),
  ),
});
export type UnknownEvent = z.infer<typeof unknownSchema>;

/**
 * One entry of a log as a reader sees it. Newer servers may add types: a reader that refused them would see a gap in
 * the order for ever.
 */
export const logEntrySchema = z.union([eventSchema, unknownSchema]);
export type LogEntry = Event | UnknownEvent;

/** The fields that a writer gives: the log adds `seq`, `at` and, from the address, the rest of the head. */
export type EventBody<T extends EventType = EventType> = T extends EventType
  ? Omit<EventOf<T>, "conversation" | "seq" | "nonce" | "ask" | "attempt" | "at">
  : never;

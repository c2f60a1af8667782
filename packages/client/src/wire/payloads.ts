import {
  ERRORS,
  type EventOf,
  type EventType,
  type LogEntry,
  type Position,
  type Session,
  type UnknownEvent,
  type Welcome,
} from "@docrelay/protocol";
import type {
  ConversationsHint,
  DayUse,
  ErrorCode,
  Limits,
  ListedConversation,
  MissingPage,
  Progress,
  UploadStatus,
  Usage,
  WireError,
} from "./contract.ts";
import {
  tryRead,
  count,
  flag,
  index,
  int,
  isRecord,
  list,
  literal,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
  type Fields,
  type Reader,
  Unreadable,
} from "./read.ts";

/**
 * Reads an error. A code that this version does not know is read as `INTERNAL`; `message` and `retryable` stay as the
 * server sent them.
 */
export const readError: Reader<WireError> = object({
  code: (value) => (typeof value === "string" && Object.hasOwn(ERRORS, value) ? (value as ErrorCode) : "INTERNAL"),
  message: text,
  retryable: flag,
  retryAfterMs: optional(int),
  reason: optional(text),
  ask: optional(text),
  file: optional(int),
  trace: optional(text),
  expectedOffset: optional(int),
  resetAt: optional(int),
  bytes: optional(int),
  limit: optional(int),
});

const dayUse = {
  limits: object<DayUse["limits"]>({
    asks: optional(int),
    bytes: optional(int),
    pages: optional(int),
    tokens: optional(int),
  }),
  used: object<DayUse["used"]>({ asks: int, bytes: int, pages: int, tokens: optional(int) }),
};
const readDayUse: Reader<DayUse> = object<DayUse>(dayUse);
export const readUsage: Reader<Usage> = object<Usage>({
  ...dayUse,
  resetAt: number,
  tenant: optional(readDayUse),
  address: optional(readDayUse),
});

export const readSession: Reader<Session> = object({
  token: text,
  user: text,
  expiresAt: number,
  expiresInMs: optional(int),
});

const readLimits: Reader<Limits> = object({
  messageChars: count,
  inlineFileBytes: count,
  fileBytes: count,
  filesPerAsk: count,
  chunkBytes: count,
  pagesPerFile: count,
  asksInFlight: count,
});
export const readWelcome: Reader<Welcome> = object({
  user: text,
  protocol: literal(1),
  node: text,
  limits: readLimits,
  expiresAt: number,
  features: optional(list(text)),
  expiresInMs: optional(int),
  shared: optional(text),
});

export const readProgress: Reader<Progress> = object({
  conversation: text,
  ask: text,
  stage: oneOf(["queued", "extracting", "asking", "waiting-for-engine"]),
  file: optional(int),
  page: optional(int),
  pages: optional(int),
  position: optional(int),
  attempt: optional(int),
  of: optional(int),
  sinceMs: optional(int),
});

export const readPosition: Reader<Position> = object({ seq: index, nonce: text });

// A reason that this version does not know is read as "error".
export const readMissing = list(
  object<MissingPage>({ page: int, reason: oneOf(["scan", "unnamed", "error", "limit"], "error") }),
);

/** The readers for the fields of a hint about an upload, and of the acknowledgement of `upload:status`. */
export const UPLOAD_STATUS: Fields<UploadStatus> = {
  upload: text,
  stage: oneOf(["receiving", "queued", "extracting", "ready", "failed"]),
  page: optional(int),
  pages: optional(int),
  chars: optional(int),
  missing: optional(readMissing),
  error: optional(readError),
};
export const readUploadHint: Reader<UploadStatus> = object(UPLOAD_STATUS);

export const readConversationsHint: Reader<ConversationsHint> = object({
  conversation: text,
  change: oneOf(["added", "renamed", "deleted"]),
});
export const readListed: Reader<ListedConversation> = object({
  id: text,
  title: text,
  at: number,
  asks: int,
  files: list(text),
  expiresAt: number,
});

const HEAD: Fields<Omit<UnknownEvent, "type">> = {
  conversation: text,
  seq: int,
  nonce: text,
  ask: text,
  attempt: int,
  at: number,
};
const pageRange: Reader<[number, number]> = (value) => {
  const [from, to, ...more] = list(int)(value);
  if (from === undefined || to === undefined || more.length > 0) throw new Unreadable("a range of pages");
  return [from, to];
};
const EVENTS: { readonly [T in EventType]: Reader<EventOf<T>> } = {
  accepted: object({
    ...HEAD,
    type: literal("accepted"),
    message: text,
    files: list(object({ name: text, size: int, sha256: text, upload: optional(text) })),
    replaces: optional(text),
  }),
  extracted: object({
    ...HEAD,
    type: literal("extracted"),
    file: int,
    pages: int,
    chars: int,
    cached: flag,
    missing: readMissing,
    ocr: list(int),
    truncated: flag,
    used: optional(list(pageRange)),
    attachments: optional(list(text)),
  }),
  started: object({ ...HEAD, type: literal("started"), engine: text }),
  delta: object({ ...HEAD, type: literal("delta"), text }),
  completed: object({
    ...HEAD,
    type: literal("completed"),
    text,
    timings: object({ queuedMs: number, extractMs: number, firstTokenMs: number, totalMs: number }),
    citations: optional(list(object({ file: int, page: int }))),
    suggestions: optional(list(text)),
    truncated: optional(flag),
    frame: optional(text),
    usage: optional(object({ promptTokens: int, answerTokens: int, estimated: optional(flag) })),
  }),
  failed: object({ ...HEAD, type: literal("failed"), error: readError }),
  cancelled: object({ ...HEAD, type: literal("cancelled"), text }),
  feedback: object({
    ...HEAD,
    type: literal("feedback"),
    verdict: oneOf(["up", "down", "none"]),
    word: optional(text),
  }),
};
const readUnknown: Reader<UnknownEvent> = object({
  ...HEAD,
  type: (value): "unknown" => (text(value), "unknown"),
});

/**
 * Reads an entry of the log. An entry with a type or fields that this version does not know is read as `unknown`,
 * because its seq still counts.
 */
export const readLogEntry: Reader<LogEntry> = (value) => {
  const type = isRecord(value) ? value["type"] : undefined;
  const known = typeof type === "string" && Object.hasOwn(EVENTS, type) ? EVENTS[type as EventType] : undefined;
  return (known && tryRead<LogEntry>(known, value)) ?? readUnknown(value);
};

/** Reads the acknowledgement of `conversation:open`. */
export const readOpened = object<{
  ok: true;
  events: LogEntry[];
  more: boolean;
  first: number;
  head: Position | null;
}>({ ok: literal(true), events: list(readLogEntry), more: flag, first: int, head: nullable(readPosition) });

/*
 * The messages of the server, as types without imports. The types of `@docrelay/protocol` are inferred from its
 * schemas, so their published declarations would need the schema library. A test compares each type with its schema.
 */

/** Every error code of the contract; the table in the documentation says when each is sent. */
export type ErrorCode =
  | "AUTH_REQUIRED"
  | "AUTH_INVALID"
  | "AUTH_EXPIRED"
  | "FORBIDDEN"
  | "ORIGIN_DENIED"
  | "BAD_MESSAGE"
  | "PAYLOAD_TOO_LARGE"
  | "FILE_NAME_INVALID"
  | "FILE_TYPE_UNSUPPORTED"
  | "FILE_CORRUPT"
  | "PDF_INVALID"
  | "PDF_ENCRYPTED"
  | "PDF_NO_TEXT"
  | "PDF_LIMIT_EXCEEDED"
  | "ASK_CONFLICT"
  | "NOT_FOUND"
  | "RATE_LIMITED"
  | "TOO_MANY_CONNECTIONS"
  | "BUSY"
  | "QUOTA_EXCEEDED"
  | "STORE_UNAVAILABLE"
  | "PROMPT_TOO_LARGE"
  | "ENGINE_UNAVAILABLE"
  | "ENGINE_TIMEOUT"
  | "ENGINE_BAD_REPLY"
  | "ASK_EXPIRED"
  | "RESUME_LOST"
  | "SLOW_CONSUMER"
  | "IDLE_TIMEOUT"
  | "SHUTTING_DOWN"
  | "INTERNAL";

/** A refusal or failure. Switch on `code` only; `message` is a text for people. */
export interface WireError {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  retryAfterMs?: number | undefined;
  reason?: string | undefined;
  ask?: string | undefined;
  /** The index of a file in its ask. */
  file?: number | undefined;
  trace?: string | undefined;
  /** With `PROMPT_TOO_LARGE`, if known: the bytes of the prompt, and the most bytes that the engine accepts. */
  bytes?: number | undefined;
  limit?: number | undefined;
  expectedOffset?: number | undefined;
  /** With `QUOTA_EXCEEDED`: when the quota has room again, in ms since the epoch. */
  resetAt?: number | undefined;
}

/** A conversation in the list of its user. Times are in ms since the epoch. */
export interface ListedConversation {
  id: string;
  /** The first question, or the title that a user has given. */
  title: string;
  /** When the newest question was asked, in ms since the epoch. */
  at: number;
  asks: number;
  /** The names of all files of the conversation. */
  files: string[];
  /** When the conversation expires if it is not used before that. */
  expiresAt: number;
}

/** What has changed in the list of the user's conversations. */
export interface ConversationsHint {
  conversation: string;
  change: "added" | "renamed" | "deleted";
}

/**
 * What is counted each day: questions, bytes of files that were sent, pages of files that were extracted, and tokens of
 * the engine.
 */
export interface DayUse {
  /** The daily quotas. A missing field means that there is no limit. */
  limits: {
    asks?: number | undefined;
    bytes?: number | undefined;
    pages?: number | undefined;
    tokens?: number | undefined;
  };
  /** How much was used today. Older servers do not send `tokens`. */
  used: { asks: number; bytes: number; pages: number; tokens?: number | undefined };
}

/** The user's daily quotas, and how much of them is used today. */
export interface Usage extends DayUse {
  /** When the day ends, in ms since the epoch. */
  resetAt: number;
  /**
   * The quotas and use of all users of the user's tenant together, and of all users of the user's address; set if these
   * have quotas.
   */
  tenant?: DayUse | undefined;
  address?: DayUse | undefined;
}

/**
 * A link to a conversation: whoever has the token may read the conversation until the link expires. Times are in ms.
 */
export interface Shared {
  token: string;
  expiresAt: number;
  expiresInMs: number;
}

/** A page whose text is missing, and the reason. Page numbers begin at 1. */
export interface MissingPage {
  page: number;
  reason: "scan" | "unnamed" | "error" | "limit";
}

/** A source that the answer cites: a page of a file. `file`: the file's index in the ask. */
export interface Citation {
  file: number;
  page: number;
}

export interface Timings {
  queuedMs: number;
  extractMs: number;
  firstTokenMs: number;
  totalMs: number;
}

interface Head {
  conversation: string;
  /** The number of the event in its conversation: 1, 2, 3 … without holes. */
  seq: number;
  /**
   * A random text for each event. If an event that the client knows has another nonce in the log, the log was rolled
   * back.
   */
  nonce: string;
  ask: string;
  /** The number of the engine call that the event belongs to; 0 before the first call. */
  attempt: number;
  /** When the event was written, in ms since the epoch. For display only: `seq` is the order. */
  at: number;
}

/** The first event of every ask. */
export interface AcceptedEvent extends Head {
  type: "accepted";
  message: string;
  /** The files of the ask. `upload`: the id by which any connection of the same user may name the file again. */
  files: { name: string; size: number; sha256: string; upload?: string | undefined }[];
  /** The id of the ask of the same conversation that this one replaces. */
  replaces?: string | undefined;
}

/**
 * The text of a file is stored; each file has one such event. Page numbers begin at 1. `used`: the ranges of pages that
 * the prompt has; set if the prompt does not have all pages.
 */
export interface ExtractedEvent extends Head {
  type: "extracted";
  file: number;
  pages: number;
  chars: number;
  cached: boolean;
  missing: MissingPage[];
  ocr: number[];
  truncated: boolean;
  used?: [number, number][] | undefined;
  attachments?: string[] | undefined;
}

/**
 * The engine was given the prompt. If `attempt` is higher than before, the engine was called again, and the deltas
 * before this event are void.
 */
export interface StartedEvent extends Head {
  type: "started";
  engine: string;
}

export interface DeltaEvent extends Head {
  type: "delta";
  text: string;
}

/** A terminal event, with the whole reply. `truncated`: the reply was cut because it was too long, or the engine stopped early. */
export interface CompletedEvent extends Head {
  type: "completed";
  text: string;
  timings: Timings;
  citations?: Citation[] | undefined;
  /** Questions that the user may ask next. */
  suggestions?: string[] | undefined;
  truncated?: boolean | undefined;
  /** The reply frame of the engine, if it replied with a single JSON frame. */
  frame?: string | undefined;
  /** The engine's tokens for this ask. `estimated`: the engine does not report them, so they are an estimate. */
  usage?: { promptTokens: number; answerTokens: number; estimated?: boolean | undefined } | undefined;
}

export interface FailedEvent extends Head {
  type: "failed";
  error: WireError;
}

/** A terminal event: the ask was cancelled. `text`: the part of the reply that had arrived. */
export interface CancelledEvent extends Head {
  type: "cancelled";
  text: string;
}

/**
 * A user's feedback on an ask that has ended. Only the user's newest feedback on an ask counts; `none` withdraws it.
 */
export interface FeedbackEvent extends Head {
  type: "feedback";
  verdict: "up" | "down" | "none";
  word?: string | undefined;
}

/** One durable entry of a conversation's log. */
export type Event =
  | AcceptedEvent
  | ExtractedEvent
  | StartedEvent
  | DeltaEvent
  | CompletedEvent
  | FailedEvent
  | CancelledEvent
  | FeedbackEvent;

/**
 * The progress of an ask. The server sends it as a hint, which may be lost. The numbers of pages and positions begin at
 * 1.
 */
export interface Progress {
  conversation: string;
  ask: string;
  /** `waiting-for-engine`: nothing was sent to the engine yet, or another call follows. */
  stage: "queued" | "extracting" | "asking" | "waiting-for-engine";
  file?: number | undefined;
  page?: number | undefined;
  pages?: number | undefined;
  position?: number | undefined;
  /**
   * `attempt`: the number of the next engine call. `of`: how many calls may be made. `sinceMs`: for how many ms the
   * engine has been away.
   */
  attempt?: number | undefined;
  of?: number | undefined;
  sinceMs?: number | undefined;
}

/** The progress of an upload. `ready` and `failed` are final; `error` is why there is no text. */
export interface UploadStatus {
  upload: string;
  stage: "receiving" | "queued" | "extracting" | "ready" | "failed";
  page?: number | undefined;
  pages?: number | undefined;
  chars?: number | undefined;
  missing?: MissingPage[] | undefined;
  error?: WireError | undefined;
}

/** The limits of one ask. Fields with `Chars` count UTF-16 code units. */
export interface Limits {
  messageChars: number;
  inlineFileBytes: number;
  fileBytes: number;
  filesPerAsk: number;
  chunkBytes: number;
  pagesPerFile: number;
  asksInFlight: number;
}

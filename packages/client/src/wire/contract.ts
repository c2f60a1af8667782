/* The messages of the server, as self-contained types. The types of `@docrelay/protocol` are inferred from its
   schemas, and their published declarations would need the schema library. A test compares each type with its
   schema. */

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
  /** With `PROMPT_TOO_LARGE`: the prompt's size, and the most that the engine accepts, if known. */
  bytes?: number | undefined;
  limit?: number | undefined;
  expectedOffset?: number | undefined;
  /** With `QUOTA_EXCEEDED`: when there is room again, in ms since the epoch. */
  resetAt?: number | undefined;
}

/** A conversation in its user's list; times in ms since the epoch. */
export interface ListedConversation {
  id: string;
  /** The first question, until the conversation is renamed. */
  title: string;
  /** When its newest question was asked. */
  at: number;
  asks: number;
  /** Names of all its files. */
  files: string[];
  /** When the conversation expires, unless it is used before. */
  expiresAt: number;
}

/** A change of one of the user's conversations. */
export interface ConversationsHint {
  conversation: string;
  change: "added" | "renamed" | "deleted";
}

/** The counts of a day: questions, bytes of sent files, pages of extracted files, tokens of the engine. */
export interface DayUse {
  /** An absent field means no bound. */
  limits: {
    asks?: number | undefined;
    bytes?: number | undefined;
    pages?: number | undefined;
    tokens?: number | undefined;
  };
  /** `tokens`: absent from older servers. */
  used: { asks: number; bytes: number; pages: number; tokens?: number | undefined };
}

/** The user's daily quotas, and how much of them is used today. */
export interface Usage extends DayUse {
  /** When the day ends, in ms since the epoch. */
  resetAt: number;
  /** The use of all users of the user's tenant, and of the user's address, together, where a quota bounds them. */
  tenant?: DayUse | undefined;
  address?: DayUse | undefined;
}

/**
 * A link to a conversation: anybody who has the token may read the conversation until the link expires. Times in ms.
 */
export interface Shared {
  token: string;
  expiresAt: number;
  expiresInMs: number;
}

/** A page without text, and the reason; pages count from 1. */
export interface MissingPage {
  page: number;
  reason: "scan" | "unnamed" | "error" | "limit";
}

/** A place that the answer cites: a page of the file with this index in the ask. */
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
  /** 1, 2, 3 … per conversation, without holes. */
  seq: number;
  /** Random for each event: if a known seq has another nonce, the log was rolled back. */
  nonce: string;
  ask: string;
  /** The number of the engine call; 0 before the first. */
  attempt: number;
  /** Milliseconds since the epoch, for display only: the order is `seq`. */
  at: number;
}

/** The first event of every ask. */
export interface AcceptedEvent extends Head {
  type: "accepted";
  message: string;
  /** `upload`: the id by which any connection of the same user may name the file again. */
  files: { name: string; size: number; sha256: string; upload?: string | undefined }[];
  /** The id of the ask of the same conversation that this one replaces. */
  replaces?: string | undefined;
}

/**
 * A file's text is stored; one event for each file. Pages count from 1; `used`: the page ranges in the prompt, if not
 * all are used.
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

/** The engine has received the prompt. A `started` with a higher `attempt` voids the deltas before it. */
export interface StartedEvent extends Head {
  type: "started";
  engine: string;
}

export interface DeltaEvent extends Head {
  type: "delta";
  text: string;
}

/** Terminal: the whole reply; `truncated`: it was cut at its largest size. */
export interface CompletedEvent extends Head {
  type: "completed";
  text: string;
  timings: Timings;
  citations?: Citation[] | undefined;
  /** Questions that the user may ask next. */
  suggestions?: string[] | undefined;
  truncated?: boolean | undefined;
  /** The engine's reply frame, if the engine replied with a single JSON frame. */
  frame?: string | undefined;
  /** The tokens of the answer, as the engine counts them; `estimated` if the engine does not report them. */
  usage?: { promptTokens: number; answerTokens: number; estimated?: boolean | undefined } | undefined;
}

export interface FailedEvent extends Head {
  type: "failed";
  error: WireError;
}

/** Terminal: the ask was cancelled; `text`: the part of the reply that had arrived. */
export interface CancelledEvent extends Head {
  type: "cancelled";
  text: string;
}

/** A user's feedback on an ask that has ended; the newest is valid, and `none` withdraws it. */
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

/** The progress of an ask: a hint, which may be lost. Pages and positions count from 1. */
export interface Progress {
  conversation: string;
  ask: string;
  /** `waiting-for-engine`: nothing was sent to the engine yet, or another call follows. */
  stage: "queued" | "extracting" | "asking" | "waiting-for-engine";
  file?: number | undefined;
  page?: number | undefined;
  pages?: number | undefined;
  position?: number | undefined;
  /** The number of the next engine call, and of all calls that may be made; for how long the engine has been away. */
  attempt?: number | undefined;
  of?: number | undefined;
  sinceMs?: number | undefined;
}

/** The progress of an upload. `ready` and `failed` are final; `error` is the reason why there is no text. */
export interface UploadStatus {
  upload: string;
  stage: "receiving" | "queued" | "extracting" | "ready" | "failed";
  page?: number | undefined;
  pages?: number | undefined;
  chars?: number | undefined;
  missing?: MissingPage[] | undefined;
  error?: WireError | undefined;
}

/** Limits of one ask. Fields with `Chars` count UTF-16 code units. */
export interface Limits {
  messageChars: number;
  inlineFileBytes: number;
  fileBytes: number;
  filesPerAsk: number;
  chunkBytes: number;
  pagesPerFile: number;
  asksInFlight: number;
}

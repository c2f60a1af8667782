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

/** A refusal or failure. Switch on `code` only; `message` is a sentence for people. */
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
  /** Of `PROMPT_TOO_LARGE`: the prompt's size, and the most that the engine takes, if that is known. */
  bytes?: number | undefined;
  limit?: number | undefined;
  expectedOffset?: number | undefined;
  /** Of `QUOTA_EXCEEDED`: when there is room again, in ms since the epoch. */
  resetAt?: number | undefined;
}

/** A conversation in the list of its user's; times in ms since the epoch. */
export interface ListedConversation {
  id: string;
  /** The first question, until it is renamed. */
  title: string;
  /** When its newest question was asked. */
  at: number;
  asks: number;
  /** Names of all its files. */
  files: string[];
  /** When it goes, unless something happens in it. */
  expiresAt: number;
}

/** What has happened to a conversation of the user. */
export interface ConversationsHint {
  conversation: string;
  change: "added" | "renamed" | "deleted";
}

/** What is counted a day: questions, bytes of files that were sent, pages of files that were read, tokens of the engine. */
export interface DayUse {
  /** What nothing is said of is not bounded. */
  limits: {
    asks?: number | undefined;
    bytes?: number | undefined;
    pages?: number | undefined;
    tokens?: number | undefined;
  };
  /** `tokens`: not told by older servers. */
  used: { asks: number; bytes: number; pages: number; tokens?: number | undefined };
}

/** What a user may use, and has used today. */
export interface Usage extends DayUse {
  /** When the day ends, in ms since the epoch. */
  resetAt: number;
  /** All users of the user's tenant, and of the user's address, together, where a quota bounds them. */
  tenant?: DayUse | undefined;
  address?: DayUse | undefined;
}

/** A link to a conversation: whoever has the token may read it until then. Times in ms. */
export interface Shared {
  token: string;
  expiresAt: number;
  expiresInMs: number;
}

/** A page without text, and why; pages count from 1. */
export interface MissingPage {
  page: number;
  reason: "scan" | "unnamed" | "error" | "limit";
}

/** A place that the answer names: a page of the file with this index in the ask. */
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
  /** 1, 2, 3 … per conversation, no holes. */
  seq: number;
  /** Random per event: a known seq with another nonce means that the log was rolled back. */
  nonce: string;
  ask: string;
  /** Number of the engine call; 0 before the first. */
  attempt: number;
  /** Milliseconds since the epoch, for display only: the order is `seq`. */
  at: number;
}

/** First event of every ask. */
export interface AcceptedEvent extends Head {
  type: "accepted";
  message: string;
  /** `upload`: the id under which any connection of the same user may name the file again. */
  files: { name: string; size: number; sha256: string; upload?: string | undefined }[];
  /** The ask of the conversation in whose place this one stands. */
  replaces?: string | undefined;
}

/** One per file: its text is stored. Pages count from 1; `used`: the ranges that the prompt holds, when not all. */
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

/** The engine has the prompt; one with a higher `attempt` voids the deltas before it. */
export interface StartedEvent extends Head {
  type: "started";
  engine: string;
}

export interface DeltaEvent extends Head {
  type: "delta";
  text: string;
}

/** Terminal: the whole reply; `truncated`: it was cut at a largest size. */
export interface CompletedEvent extends Head {
  type: "completed";
  text: string;
  timings: Timings;
  citations?: Citation[] | undefined;
  /** Questions that may be asked next. */
  suggestions?: string[] | undefined;
  truncated?: boolean | undefined;
  /** The engine's own reply frame, when it replied with a single JSON frame. */
  frame?: string | undefined;
  /** What the answer has cost, as the engine counts it; `estimated` where it does not say. */
  usage?: { promptTokens: number; answerTokens: number; estimated?: boolean | undefined } | undefined;
}

export interface FailedEvent extends Head {
  type: "failed";
  error: WireError;
}

/** Terminal: `text` is the part that had arrived. */
export interface CancelledEvent extends Head {
  type: "cancelled";
  text: string;
}

/** What the user says of an ask that has ended; the newest counts, and `none` takes it back. */
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

/** How far an ask is: a hint, which may be lost. Pages and positions count from 1. */
export interface Progress {
  conversation: string;
  ask: string;
  /** `waiting-for-engine`: nothing was sent to it yet, or another call is coming. */
  stage: "queued" | "extracting" | "asking" | "waiting-for-engine";
  file?: number | undefined;
  page?: number | undefined;
  pages?: number | undefined;
  position?: number | undefined;
  /** Number of the engine call that is to come, and of all that may be made; for how long the engine has been away. */
  attempt?: number | undefined;
  of?: number | undefined;
  sinceMs?: number | undefined;
}

/** How far an upload is. `ready` and `failed` are final; `error` is why there is no text. */
export interface UploadStatus {
  upload: string;
  stage: "receiving" | "queued" | "extracting" | "ready" | "failed";
  page?: number | undefined;
  pages?: number | undefined;
  chars?: number | undefined;
  missing?: MissingPage[] | undefined;
  error?: WireError | undefined;
}

/** Limits of one ask. Characters are UTF-16 code units, bytes are bytes. */
export interface Limits {
  messageChars: number;
  inlineFileBytes: number;
  fileBytes: number;
  filesPerAsk: number;
  chunkBytes: number;
  pagesPerFile: number;
  asksInFlight: number;
}

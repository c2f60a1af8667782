/** The acknowledgement of an ask: the ask is durable, and `seq` is the seq of its `accepted` event. */
interface Accepted {
    readonly seq: number;
    /** An ask with this id was stored before; nothing new was stored. */
    readonly duplicate: boolean;
}
/** The first event of every ask. */
interface AcceptedEvent extends Head {
    type: "accepted";
    message: string;
    /** `upload`: the id by which any connection of the same user may name the file again. */
    files: {
        name: string;
        size: number;
        sha256: string;
        upload?: string | undefined;
    }[];
    /** The id of the ask of the same conversation that this one replaces. */
    replaces?: string | undefined;
}
/** An answer while it is written: iterate over the ask's events in order; the terminal event is the last. */
interface Answer extends AsyncIterable<Event> {
    readonly id: string;
    /**
     * Resolves when the ask is durable: from then on it gets a terminal event, whatever process dies. Rejects when the
     * ask was refused or stopped.
     */
    readonly accepted: Promise<Accepted>;
    readonly state: AnswerState;
    /** The number of unfinished asks before this one in the conversation. */
    readonly ahead: number;
    /** Calls the listener at each change of `state` or `ahead`; returns a function that stops it. */
    onState(listener: (state: AnswerState, ahead: number) => void): () => void;
    /**
     * Resolves to the whole reply, or to the text that had arrived when the ask was cancelled. @throws RelayError when
     * the ask failed or was refused.
     */
    text(): Promise<string>;
    /**
     * Resolves to the turn when it has ended: `completed`, `cancelled` or `failed`. Rejects when the conversation is
     * closed before.
     */
    result(): Promise<Turn>;
    /**
     * Ends the ask at any stage. An ask that the server has not acknowledged is stopped at once, even without a
     * connection: `accepted` rejects with an AbortError, the ask is not sent again, and it is cancelled if it turns out
     * that the server has it.
     */
    cancel(): Promise<void>;
    /**
     * Stops following the ask, which continues; `signal` no longer cancels it. Readers of the answer get an AbortError.
     */
    detach(): void;
}
/**
 * The state of an ask. `waiting`: for earlier asks, for the connection (also in the middle of an upload), or because
 * the server is busy. `uploading`: its files. `sending`: to the server. `accepted`: the server has stored it; the
 * engine has not been called yet. `answering`: the engine was called. The last three are final.
 */
type AnswerState = "waiting" | "uploading" | "sending" | "accepted" | "answering" | "completed" | "failed" | "cancelled";
/** A file to upload, or the id of a finished upload; with an id, `name` and `size` are only for display. */
type AskFile = (FileInput | {
    readonly upload: string;
    readonly name?: string;
    readonly size?: number;
}) & {
    readonly password?: string;
};
interface AskOptions {
    /** Files to upload, or finished uploads by id. */
    readonly files?: readonly AskFile[];
    /** Passwords by the file's index, for `File` objects, which have no field for one. */
    readonly passwords?: ReadonlyMap<number, string>;
    /** The ask's id; default: a random id. Asking again with the same id and content stores nothing new. */
    readonly id?: string;
    /**
     * The id of an ask of the same conversation that this one replaces: its question was edited, or is asked again. The
     * server refuses an unknown id with `NOT_FOUND`; a replaced ask that is running continues unless it is cancelled.
     */
    readonly replaces?: string;
    /** `traceparent` of W3C Trace Context: a server that traces continues this trace, and errors contain its id. */
    readonly traceparent?: string;
    /** Aborting cancels the ask at any stage. */
    readonly signal?: AbortSignal;
    onProgress?(progress: AskProgress): void;
}
/**
 * The progress of an ask. Before the server has it: `waiting` for an earlier ask, for the connection or because the
 * server is busy; the upload of a file; or `sending`. Afterwards: the server's hints. `file` is the file's index in the
 * ask; sizes are in bytes.
 */
type AskProgress = {
    readonly stage: "waiting" | "sending";
} | {
    readonly stage: "uploading";
    readonly file: number;
    readonly sent: number;
    readonly size: number;
} | Omit<Progress, "conversation" | "ask">;
/** Terminal: the ask was cancelled; `text`: the part of the reply that had arrived. */
interface CancelledEvent extends Head {
    type: "cancelled";
    text: string;
}
/** A place that the answer cites: a page of the file with this index in the ask. */
interface Citation {
    file: number;
    page: number;
}
type ClientErrorCode = keyof typeof FOUND_HERE;
/** Terminal: the whole reply; `truncated`: it was cut at its largest size. */
interface CompletedEvent extends Head {
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
    usage?: {
        promptTokens: number;
        answerTokens: number;
        estimated?: boolean | undefined;
    } | undefined;
}
interface ConnectOptions {
    /**
     * The address of docrelay: an origin, for example `https://ask.example.org`, or an origin with the path under which a
     * proxy serves docrelay. Default in a browser: the page's own origin.
     */
    readonly url?: string;
    /**
     * A JWT of your own login, or a function that fetches one. Without it the client gets an anonymous session, and keeps
     * it in `storage`.
     */
    readonly token?: string | (() => Promise<string>);
    /** Keeps the session and unacknowledged asks across reloads. Default: `localStorage` in a browser, else memory. */
    readonly storage?: Storage;
    readonly fetch?: typeof fetch;
    /** Called at each change of the connection's state; `error`: the reason for `offline` or `closed`, if it is known. */
    onState?(state: RelayState, error?: RelayError): void;
}
/** One user's asks in order, with their answers, as in the server's log. */
interface Conversation {
    readonly id: string;
    /**
     * Calls the listener with each event, once and in order, beginning with the oldest kept event; returns a function
     * that stops it.
     */
    subscribe(listener: Listener): () => void;
    /** The same events as an iterable. It ends when the conversation is closed, and throws at a reset or a failure. */
    events(): AsyncIterable<Event>;
    /**
     * Sends a question, after all questions asked before it. The answer is an iterable of the ask's events; `text()`
     * waits for the whole reply. A closed conversation is opened again.
     */
    ask(message: string, options?: AskOptions): Answer;
    /** Returns the answer of any ask in `turns`, from any client of the user. Sends nothing. */
    answer(ask: string): Answer | undefined;
    /**
     * Asks the question of an ended turn once more, with the same files. The id stays the same if the server refused the
     * ask or never had it; else it is a new ask. For a turn that has not ended, returns its running answer.
     * @throws Error when there is no such turn; RelayError `NOT_FOUND` with the index of a file that must be given again
     */
    retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer;
    /**
     * The asks with their answers, in order: those in the log, and this client's asks on their way to it. Of a question
     * that was edited or asked again (`AskOptions.replaces`) only the newest version is listed, with the others as
     * `versions`. The array stays the same object until something changes, and so does each unchanged turn. Empty until
     * the log is read.
     */
    readonly turns: readonly Turn[];
    /** Calls the listener after each change of `turns`, and begins to read the log; returns a function that stops it. */
    onTurns(listener: () => void): () => void;
    /**
     * Resolves when the log was read to its end for the first time: only then is it known whether the conversation is
     * empty. @throws RelayError
     */
    readonly ready: Promise<void>;
    /** Ends an ask at any stage; its turn shows the outcome. Safe to repeat. @throws RelayError */
    cancel(ask: string): Promise<void>;
    /**
     * Sends the user's feedback on an answer that has ended, for the operators of the server; `none` withdraws it. Turns
     * show it as `feedback` on every device. `word`: at most 500 characters. @throws RelayError `NOT_FOUND`,
     * `ASK_CONFLICT`, `RATE_LIMITED`
     */
    feedback(ask: string, verdict: "up" | "down" | "none", word?: string): Promise<void>;
    /**
     * Stops reading the conversation on this connection. Its asks continue, including those on their way. Answers that
     * have not ended throw.
     */
    close(): void;
}
/**
 * The list of the user's conversations from all tabs and devices. Servers whose `welcome.features` lack `conversations`
 * refuse these calls.
 */
interface Conversations {
    /** Returns a page of the list. `limit`: default 50, at most 100. @throws RelayError */
    list(page?: {
        readonly before?: string | number;
        readonly limit?: number;
    }): Promise<ConversationsPage>;
    /**
     * Changes the conversation's title: 1 to 200 characters. @throws RelayError `NOT_FOUND` when the conversation is not
     * kept
     */
    rename(conversation: string, title: string): Promise<void>;
    /** Cancels the conversation's asks and removes everything kept of it. Idempotent. @throws RelayError */
    delete(conversation: string): Promise<void>;
    /**
     * Creates a link through which anybody may read the conversation until the link ends. To read it, connect with the
     * link's token and open the conversation. @throws RelayError `FORBIDDEN` where the server has no links
     * (`SHARE_TTL_MS`), `NOT_FOUND`
     */
    share(conversation: string): Promise<Shared>;
    /** Ends all links to the conversation at once. Idempotent. @throws RelayError */
    unshare(conversation: string): Promise<void>;
    /**
     * Calls the listener when the list may have changed: on this connection, on another connection of the user, or while
     * this client was offline (`undefined`: everything may have changed). Returns a function that stops it.
     */
    onChange(listener: (change: ConversationsHint | undefined) => void): () => void;
}
/** A change of one of the user's conversations. */
interface ConversationsHint {
    conversation: string;
    change: "added" | "renamed" | "deleted";
}
/**
 * A page of the list, the conversation with the newest question first. `more`: there is another page; pass the last
 * one's id as `before`.
 */
interface ConversationsPage {
    readonly conversations: readonly ListedConversation[];
    readonly more: boolean;
}
/** The counts of a day: questions, bytes of sent files, pages of extracted files, tokens of the engine. */
interface DayUse {
    /** An absent field means no bound. */
    limits: {
        asks?: number | undefined;
        bytes?: number | undefined;
        pages?: number | undefined;
        tokens?: number | undefined;
    };
    /** `tokens`: absent from older servers. */
    used: {
        asks: number;
        bytes: number;
        pages: number;
        tokens?: number | undefined;
    };
}
interface DeltaEvent extends Head {
    type: "delta";
    text: string;
}
interface DownloadOptions {
    /** The bytes from `from` up to, but not including, `to`; default: all. */
    readonly range?: {
        readonly from: number;
        readonly to: number;
    };
    readonly signal?: AbortSignal;
}
/** Every error code of the contract; the table in the documentation says when each is sent. */
type ErrorCode = "AUTH_REQUIRED" | "AUTH_INVALID" | "AUTH_EXPIRED" | "FORBIDDEN" | "ORIGIN_DENIED" | "BAD_MESSAGE" | "PAYLOAD_TOO_LARGE" | "FILE_NAME_INVALID" | "FILE_TYPE_UNSUPPORTED" | "FILE_CORRUPT" | "PDF_INVALID" | "PDF_ENCRYPTED" | "PDF_NO_TEXT" | "PDF_LIMIT_EXCEEDED" | "ASK_CONFLICT" | "NOT_FOUND" | "RATE_LIMITED" | "TOO_MANY_CONNECTIONS" | "BUSY" | "QUOTA_EXCEEDED" | "STORE_UNAVAILABLE" | "PROMPT_TOO_LARGE" | "ENGINE_UNAVAILABLE" | "ENGINE_TIMEOUT" | "ENGINE_BAD_REPLY" | "ASK_EXPIRED" | "RESUME_LOST" | "SLOW_CONSUMER" | "IDLE_TIMEOUT" | "SHUTTING_DOWN" | "INTERNAL";
/** One durable entry of a conversation's log. */
type Event = AcceptedEvent | ExtractedEvent | StartedEvent | DeltaEvent | CompletedEvent | FailedEvent | CancelledEvent | FeedbackEvent;
/**
 * A file's text is stored; one event for each file. Pages count from 1; `used`: the page ranges in the prompt, if not
 * all are used.
 */
interface ExtractedEvent extends Head {
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
 * Errors that the client itself detects, besides the codes of the contract: whether trying again may help, and a
 * message.
 */
declare const FOUND_HERE: {
    readonly UNREACHABLE: {
        readonly retryable: true;
        readonly message: "The server does not answer.";
    };
    readonly NOT_DOCRELAY: {
        readonly retryable: false;
        readonly message: "What answers at this url is not docrelay.";
    };
    readonly TRANSPORT_BLOCKED: {
        readonly retryable: false;
        readonly message: "The server answers, but WebSockets do not come through, and it does not offer polling.";
    };
    readonly FILE_CHANGED: {
        readonly retryable: false;
        readonly message: "The file was changed, moved or deleted since it was chosen. Choose it again.";
    };
};
interface FailedEvent extends Head {
    type: "failed";
    error: WireError;
}
/** A user's feedback on an ask that has ended; the newest is valid, and `none` withdraws it. */
interface FeedbackEvent extends Head {
    type: "feedback";
    verdict: "up" | "down" | "none";
    word?: string | undefined;
}
/** A file to upload: a `File`, or bytes with a name. */
type FileInput = File | {
    readonly name: string;
    readonly type?: string;
    readonly bytes: Uint8Array | Blob;
};
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
/** Limits of one ask. Fields with `Chars` count UTF-16 code units. */
interface Limits {
    messageChars: number;
    inlineFileBytes: number;
    fileBytes: number;
    filesPerAsk: number;
    chunkBytes: number;
    pagesPerFile: number;
    asksInFlight: number;
}
/** A conversation in its user's list; times in ms since the epoch. */
interface ListedConversation {
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
/** Called with what happens in a conversation: each event once, in order. */
interface Listener {
    event(event: Event): void;
    /** How far an ask is. A hint: some may be missed. */
    progress?(progress: Progress): void;
    /** The log was delivered up to its head: later events are new. Called once, and again after a reset. */
    ready?(): void;
    /** The server's log was replaced by an older one: forget all events so far; those of the new log follow. */
    reset?(): void;
    /** The conversation cannot be read any more; no event follows. */
    failed?(error: RelayError): void;
    /** The conversation was closed on this connection; no event follows. */
    closed?(): void;
}
/** A page without text, and the reason; pages count from 1. */
interface MissingPage {
    page: number;
    reason: "scan" | "unnamed" | "error" | "limit";
}
/** The progress of an ask: a hint, which may be lost. Pages and positions count from 1. */
interface Progress {
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
/** A connection to docrelay, which any number of conversations share. */
interface Relay {
    readonly state: RelayState;
    /** The user's id as the server sent it, and the server's limits; undefined until the first connection. */
    readonly user: string | undefined;
    readonly limits: Limits | undefined;
    /**
     * Returns a conversation by id (default: a new id). The same id gives the same object until the conversation is
     * closed.
     */
    conversation(id?: string): Conversation;
    /** The list of the user's conversations. */
    readonly conversations: Conversations;
    /** Uploads a file before an ask. Safe to repeat: the same object is uploaded once. @throws RelayError */
    upload(file: FileInput, options?: UploadOptions): Promise<{
        upload: string;
    }>;
    /**
     * Calls the listener with the current stage of an upload of this user (from any tab or device), and with each later
     * stage, until `ready` or `failed`; returns a function that stops it. So a page knows before the ask how many pages a
     * file has, or that the file needs a password. With servers whose `welcome.features` lack `upload:status` the
     * listener is never called.
     */
    onUpload(upload: string, listener: UploadListener): () => void;
    /**
     * Downloads an upload of this user, from any tab or device: its bytes, or its extracted text. @throws RelayError
     * `NOT_FOUND`; `RESUME_LOST` when the bytes are no longer kept; for a text, the reason why there is none
     */
    download(upload: string, part: UploadPart, options?: DownloadOptions): Promise<Blob>;
    /** The extracted texts of uploads. */
    readonly uploads: UploadTexts;
    /** The user's daily quotas, and how much of them is used. @throws RelayError */
    usage(): Promise<Usage>;
    /** Calls the listener at each change of the connection's state; returns a function that stops it. */
    onState(listener: (state: RelayState, error?: RelayError) => void): () => void;
    close(): void;
}
/** A refusal or failure from the server, or a server that could not be reached in time. Switch on `code` only. */
declare class RelayError extends Error {
    readonly name = "RelayError";
    readonly wire: RelayFault;
    constructor(wire: RelayFault, options?: ErrorOptions);
    get code(): RelayFault["code"];
    get retryable(): boolean;
}
/** A wire error, or an error that the client itself has detected. */
type RelayFault = Omit<WireError, "code"> & {
    readonly code: ErrorCode | ClientErrorCode;
};
/** The state of the connection. From `offline` it recovers by itself; `closed` is final. */
type RelayState = "connecting" | "online" | "offline" | "closed";
/**
 * A link to a conversation: anybody who has the token may read the conversation until the link expires. Times in ms.
 */
interface Shared {
    token: string;
    expiresAt: number;
    expiresInMs: number;
}
/** The engine has received the prompt. A `started` with a higher `attempt` voids the deltas before it. */
interface StartedEvent extends Head {
    type: "started";
    engine: string;
}
/** A store of strings by key, such as `localStorage`. */
interface Storage {
    readonly length: number;
    /** The key at an index below `length`; the order is that of the storage. */
    key(index: number): string | null;
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}
interface Timings {
    queuedMs: number;
    extractMs: number;
    firstTokenMs: number;
    totalMs: number;
}
/** One question and its answer so far. Immutable: a change creates another object. */
interface Turn {
    /** The ask's id. */
    readonly id: string;
    readonly question: string;
    /** When it was asked, in milliseconds since the epoch; for display only. */
    readonly at: number;
    readonly files: readonly TurnFile[];
    /** The id of the ask that this one replaces: its question was edited, or was asked again. */
    readonly replaces?: string;
    /** The earlier versions of this question, oldest first. */
    readonly versions?: readonly Turn[];
    /** The id of the next version; the newest version has none. */
    readonly replacedBy?: string;
    readonly state: TurnState;
    /** The newest hint; undefined when none is known, and as soon as the answer has text. */
    readonly progress?: AskProgress;
    /** The answer's text so far; only that of the valid attempt. */
    readonly text: string;
    /** The number of the engine call that `text` comes from; 0 before the first call. */
    readonly attempt: number;
    readonly engine?: string;
    readonly citations?: readonly Citation[];
    /** Questions that the engine suggests to ask next. */
    readonly suggestions?: readonly string[];
    readonly timings?: Timings;
    /** Whether the answer was cut at its largest size. */
    readonly truncated?: boolean;
    /** The user's feedback on the answer. */
    readonly feedback?: {
        readonly verdict: "up" | "down";
        readonly word?: string;
    };
    /** Why the ask failed or was refused. */
    readonly error?: RelayError;
}
/** A file of a turn, with its extraction's result when there is one. Pages count from 1. */
interface TurnFile {
    readonly name: string;
    readonly size: number;
    readonly sha256?: string;
    /** The id by which later asks of the same user may name the file. */
    readonly upload?: string;
    readonly pages?: number;
    /** Pages without text, and the reason. */
    readonly missing?: readonly MissingPage[];
    /** Pages whose text was recognised by OCR. */
    readonly ocr?: readonly number[];
    /** Whether only the beginning was extracted. */
    readonly truncated?: boolean;
    /** The ranges of pages that the engine received, if not all fit into its prompt. */
    readonly used?: ReadonlyArray<readonly [from: number, to: number]>;
    /** Names of the files that the PDF contains, if any. */
    readonly attachments?: readonly string[];
}
/** `sending` until the server's log has the ask; the last three are final. */
type TurnState = "sending" | "running" | "completed" | "failed" | "cancelled";
type UploadListener = (status: UploadStatus) => void;
interface UploadOptions {
    /**
     * The upload's id; default: a random one. An id with which an earlier page has begun the same file continues at the
     * server's offset.
     */
    readonly upload?: string;
    readonly signal?: AbortSignal;
    /** Called with the number of stored bytes, and the file's size. */
    onProgress?(sent: number, size: number): void;
}
/**
 * The part of an upload to download: its bytes, or its extracted text: as plain text, as Markdown with a heading for
 * each page, or as JSON.
 */
type UploadPart = "bytes" | "text" | "markdown" | "json";
/** The progress of an upload. `ready` and `failed` are final; `error` is the reason why there is no text. */
interface UploadStatus {
    upload: string;
    stage: "receiving" | "queued" | "extracting" | "ready" | "failed";
    page?: number | undefined;
    pages?: number | undefined;
    chars?: number | undefined;
    missing?: MissingPage[] | undefined;
    error?: WireError | undefined;
}
/** The extracted text of a file, as engines receive it. Pages are in order; lists count them from 1. */
interface UploadText {
    /** The text of each page; empty for a missing page. */
    readonly pages: readonly string[];
    readonly missing: readonly MissingPage[];
    /** Pages read by OCR. */
    readonly ocr: readonly number[];
    /** Whether the text was cut because it was too long. */
    readonly truncated: boolean;
}
interface UploadTexts {
    /**
     * Returns the text of an upload of this user. Waits up to half a minute for a running extraction. Safe to repeat.
     * @throws RelayError: `NOT_FOUND`, also for an upload of another user; `BUSY` when the text is not ready yet;
     * `RESUME_LOST` when the file is no longer kept; `PDF_NO_TEXT` and the like when the file has no text. Else the
     * signal's reason.
     */
    text(upload: string, options?: {
        readonly signal?: AbortSignal;
    }): Promise<UploadText>;
}
/** The user's daily quotas, and how much of them is used today. */
interface Usage extends DayUse {
    /** When the day ends, in ms since the epoch. */
    resetAt: number;
    /** The use of all users of the user's tenant, and of the user's address, together, where a quota bounds them. */
    tenant?: DayUse | undefined;
    address?: DayUse | undefined;
}
/** A refusal or failure. Switch on `code` only; `message` is a text for people. */
interface WireError {
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
/**
 * `localStorage`. Values that the browser does not keep, because site data is blocked or the storage is full, are kept
 * in memory until the page ends; `onLost` is called when that happens for the first time. Outside a browser everything
 * is kept in memory.
 */
declare function browserStorage(onLost?: () => void): Storage;
/**
 * Connects, and reconnects until `close`. Returns at once: asks made before the connection is up are sent when it is.
 * @throws TypeError for a url that is not absolute, or not http: or https:
 */
declare function connect(options?: ConnectOptions): Relay;
/** Whether a turn has ended. */
declare function isOver({ state }: Turn): boolean;
/** A storage in memory, which ends with the process. */
declare function memoryStorage(): Storage;
/**
 * Returns a random id of 128 bits. Not `crypto.randomUUID`, because browsers have it only over HTTPS and on localhost.
 */
declare function newId(): string;
export { type Accepted, type Answer, type AnswerState, type AskFile, type AskOptions, type AskProgress, type ClientErrorCode, type ConnectOptions, type Conversation, type Conversations, type ConversationsHint, type ConversationsPage, type DayUse, type DownloadOptions, type Event, type FileInput, type Limits, type ListedConversation, type Listener, type Progress, type Relay, RelayError, type RelayFault, type RelayState, type Shared, type Storage, type Turn, type TurnFile, type TurnState, type UploadOptions, type UploadPart, type UploadStatus, type UploadText, type UploadTexts, type Usage, browserStorage, connect, isOver, memoryStorage, newId };

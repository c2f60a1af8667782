/** The acknowledgement of an ask: the server has stored it. `seq`: the seq of its `accepted` event. */
interface Accepted {
    readonly seq: number;
    /** Whether an ask with this id was stored before, so that nothing new was stored. */
    readonly duplicate: boolean;
}
/** The first event of every ask. */
interface AcceptedEvent extends Head {
    type: "accepted";
    message: string;
    /** The files of the ask. `upload`: the id by which any connection of the same user may name the file again. */
    files: {
        name: string;
        size: number;
        sha256: string;
        upload?: string | undefined;
    }[];
    /** The id of the ask of the same conversation that this one replaces. */
    replaces?: string | undefined;
}
/**
 * An answer while it is written. As an iterable it yields the ask's events in order; the last one is the terminal
 * event.
 */
interface Answer extends AsyncIterable<Event> {
    readonly id: string;
    /**
     * Resolves when the server has stored the ask: from then on, the ask gets a terminal event, even if processes of the
     * server crash. Rejects when the ask was refused or stopped.
     */
    readonly accepted: Promise<Accepted>;
    readonly state: AnswerState;
    /** How many unfinished asks of the conversation are before this ask. */
    readonly ahead: number;
    /** Calls the listener at each change of `state` or `ahead`. Returns a function that removes the listener. */
    onState(listener: (state: AnswerState, ahead: number) => void): () => void;
    /**
     * Resolves with the whole reply; if the ask is cancelled, with the text that had arrived. @throws RelayError when the
     * ask failed or was refused.
     */
    text(): Promise<string>;
    /**
     * Resolves with the ask's turn when it has ended as `completed`, `cancelled` or `failed`. Rejects when before that
     * the conversation is closed, the answer is detached, or the log cannot be read.
     */
    result(): Promise<Turn>;
    /**
     * Ends the ask at any stage. If the server has not acknowledged the ask, it is stopped at once, even without a
     * connection: `accepted` rejects with an AbortError, and the ask is not sent again. If the server has stored the ask
     * nevertheless, the ask is cancelled there.
     */
    cancel(): Promise<void>;
    /**
     * Stops following the ask. The ask continues, and the `signal` that was given for it no longer cancels it. Readers of
     * the answer get an AbortError.
     */
    detach(): void;
}
/**
 * The state of an ask. `completed`, `failed` and `cancelled` are final.
 *
 * - `waiting`: the ask waits for earlier asks, for the connection (also in the middle of an upload), or because the
 *   server is busy.
 * - `uploading`: the ask's files are uploaded.
 * - `sending`: the ask is sent to the server.
 * - `accepted`: the server has stored the ask; the engine has not been called yet.
 * - `answering`: the engine was called.
 */
type AnswerState = "waiting" | "uploading" | "sending" | "accepted" | "answering" | "completed" | "failed" | "cancelled";
/** A file to upload, or the id of a finished upload. With an id, `name` and `size` are used only for display. */
type AskFile = (FileInput | {
    readonly upload: string;
    readonly name?: string;
    readonly size?: number;
}) & {
    readonly password?: string;
};
interface AskOptions {
    /** Files to upload with the ask, or the ids of finished uploads. */
    readonly files?: readonly AskFile[];
    /** Passwords of files, by the file's index. They are meant for `File` objects, which have no field for a password. */
    readonly passwords?: ReadonlyMap<number, string>;
    /**
     * The ask's id; default: a random id. If an ask with the same id and content is stored already, nothing new is
     * stored.
     */
    readonly id?: string;
    /**
     * The id of an ask of the same conversation that this one replaces: its question was edited, or is asked again. The
     * server refuses an unknown id with `NOT_FOUND`. If the replaced ask is running, it continues unless it is cancelled.
     */
    readonly replaces?: string;
    /**
     * A `traceparent` of W3C Trace Context. A server that traces continues this trace; errors of the ask then have the id
     * of this trace.
     */
    readonly traceparent?: string;
    /** Aborting this signal cancels the ask at any stage. */
    readonly signal?: AbortSignal;
    onProgress?(progress: AskProgress): void;
}
/**
 * The progress of an ask. Until the server has stored the ask, `stage` is `waiting` (for an earlier ask, for the
 * connection, or because the server is busy), `uploading` (a file), or `sending`. After that, the progress is the
 * newest hint of the server. `file` is the file's index in the ask; `sent` and `size` are in bytes.
 */
type AskProgress = {
    readonly stage: "waiting" | "sending";
} | {
    readonly stage: "uploading";
    readonly file: number;
    readonly sent: number;
    readonly size: number;
} | Omit<Progress, "conversation" | "ask">;
/** A terminal event: the ask was cancelled. `text`: the part of the reply that had arrived. */
interface CancelledEvent extends Head {
    type: "cancelled";
    text: string;
}
/** A source that the answer cites: a page of a file. `file`: the file's index in the ask. */
interface Citation {
    file: number;
    page: number;
}
type ClientErrorCode = keyof typeof FOUND_HERE;
/** A terminal event, with the whole reply. `truncated`: the reply was cut because it was too long, or the engine stopped early. */
interface CompletedEvent extends Head {
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
    usage?: {
        promptTokens: number;
        answerTokens: number;
        estimated?: boolean | undefined;
    } | undefined;
}
interface ConnectOptions {
    /**
     * The address of docrelay: an origin, for example `https://ask.example.org`, or an origin with the path under which a
     * proxy serves docrelay. Default in a browser: the origin of the page.
     */
    readonly url?: string;
    /**
     * A JWT of your own login, or a function that fetches one. Without a token, the client gets an anonymous session from
     * the server and keeps it in `storage`.
     */
    readonly token?: string | (() => Promise<string>);
    /**
     * Keeps the session, and asks that were not acknowledged, across reloads. Default: `localStorage` in a browser,
     * otherwise memory.
     */
    readonly storage?: Storage;
    readonly fetch?: typeof fetch;
    /**
     * Called at each change of the connection's state. `error`: why the state became `offline` or `closed`, if that is
     * known.
     */
    onState?(state: RelayState, error?: RelayError): void;
}
/** A conversation: the asks of one user under one id, in order, with their answers, as the server's log has them. */
interface Conversation {
    readonly id: string;
    /**
     * Calls the listener with each event, once and in order, beginning with the oldest kept event. Returns a function
     * that removes the listener.
     */
    subscribe(listener: Listener): () => void;
    /**
     * Returns the events that `subscribe` passes on, as an iterable. The iterable ends when the conversation is closed,
     * and throws when the server's log was replaced or cannot be read.
     */
    events(): AsyncIterable<Event>;
    /**
     * Sends a question, after all questions asked before it. The answer is an iterable of the ask's events; its `text()`
     * waits for the whole reply. A closed conversation is opened again.
     */
    ask(message: string, options?: AskOptions): Answer;
    /** Returns the answer of an ask in `turns`, also of one that another client of the user has made. Sends nothing. */
    answer(ask: string): Answer | undefined;
    /**
     * Asks the question of an ended turn once more, with the same files. If the server refused the ask or never had it,
     * the id stays the same; otherwise this makes a new ask. For a turn that has not ended, returns its running answer.
     * @throws Error when there is no such turn; RelayError `NOT_FOUND` with the index of a file that must be given again
     */
    retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer;
    /**
     * The asks with their answers, in order: those in the log, and this client's asks that are on their way to it. If a
     * question was edited or asked again (`AskOptions.replaces`), only its newest version is listed, with the others as
     * `versions`. The array, and each turn in it, stays the same object until it changes. Empty until the log was read.
     */
    readonly turns: readonly Turn[];
    /**
     * Calls the listener after each change of `turns`, and begins to read the log. Returns a function that removes the
     * listener.
     */
    onTurns(listener: () => void): () => void;
    /**
     * Resolves when the log was read to its end for the first time. Before that, an empty `turns` does not mean that the
     * conversation is empty. @throws RelayError
     */
    readonly ready: Promise<void>;
    /** Cancels an ask at any stage; its turn shows the outcome. Safe to repeat. @throws RelayError */
    cancel(ask: string): Promise<void>;
    /**
     * Sends the user's feedback on an ended answer to the operators of the server; `none` withdraws it. The ask's turn
     * shows it as `feedback` on every device. `word`: the user's own words, at most 500 characters. @throws RelayError
     * `NOT_FOUND`, `ASK_CONFLICT`, `RATE_LIMITED`
     */
    feedback(ask: string, verdict: "up" | "down" | "none", word?: string): Promise<void>;
    /**
     * Stops reading the conversation on this connection. Its asks continue, also those on their way to the server.
     * Answers that have not ended throw.
     */
    close(): void;
}
/**
 * The list of the user's conversations, from all tabs and devices. Servers whose `welcome.features` lack
 * `conversations` refuse these calls.
 */
interface Conversations {
    /**
     * Returns a page of the list. `limit`: how many conversations the page has at most; 50 by default, and not more than
     * 100. @throws RelayError
     */
    list(page?: {
        readonly before?: string | number;
        readonly limit?: number;
    }): Promise<ConversationsPage>;
    /**
     * Changes the title of a conversation: 1 to 200 characters. @throws RelayError `NOT_FOUND` when the conversation is
     * not kept
     */
    rename(conversation: string, title: string): Promise<void>;
    /** Cancels the asks of a conversation and removes everything that is kept of it. Idempotent. @throws RelayError */
    delete(conversation: string): Promise<void>;
    /**
     * Makes a link through which anybody may read the conversation until the link ends. A reader connects with the link's
     * token and opens the conversation. @throws RelayError `NOT_FOUND`; `FORBIDDEN` if the server has links switched off
     * (`SHARE_TTL_MS`)
     */
    share(conversation: string): Promise<Shared>;
    /** Ends all links to the conversation at once. Idempotent. @throws RelayError */
    unshare(conversation: string): Promise<void>;
    /**
     * Calls the listener when any client of the user may have changed the list. After this client was offline, the
     * listener is called with `undefined`, because anything may have changed. Returns a function that removes the
     * listener.
     */
    onChange(listener: (change: ConversationsHint | undefined) => void): () => void;
}
/** What has changed in the list of the user's conversations. */
interface ConversationsHint {
    conversation: string;
    change: "added" | "renamed" | "deleted";
}
/**
 * A page of the list, beginning with the conversation that has the newest question. `more`: whether there is another
 * page; to get it, pass the id of this page's last conversation as `before`.
 */
interface ConversationsPage {
    readonly conversations: readonly ListedConversation[];
    readonly more: boolean;
}
/**
 * What is counted each day: questions, bytes of files that were sent, pages of files that were extracted, and tokens of
 * the engine.
 */
interface DayUse {
    /** The daily quotas. A missing field means that there is no limit. */
    limits: {
        asks?: number | undefined;
        bytes?: number | undefined;
        pages?: number | undefined;
        tokens?: number | undefined;
    };
    /** How much was used today. Older servers do not send `tokens`. */
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
    /** Which bytes to download: from `from` up to, but not including, `to`. Default: all bytes. */
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
 * The text of a file is stored; each file has one such event. Page numbers begin at 1. `used`: the ranges of pages that
 * the prompt has; set if the prompt does not have all pages.
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
 * Errors that the client itself detects, in addition to those of the contract: whether trying again may help, and a
 * message for people.
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
/**
 * A user's feedback on an ask that has ended. Only the user's newest feedback on an ask counts; `none` withdraws it.
 */
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
/** The limits of one ask. Fields with `Chars` count UTF-16 code units. */
interface Limits {
    messageChars: number;
    inlineFileBytes: number;
    fileBytes: number;
    filesPerAsk: number;
    chunkBytes: number;
    pagesPerFile: number;
    asksInFlight: number;
}
/** A conversation in the list of its user. Times are in ms since the epoch. */
interface ListedConversation {
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
/** Gets what happens in a conversation: each event once, in order. */
interface Listener {
    event(event: Event): void;
    /** Reports how far an ask is. The reports are only hints: some may be lost. */
    progress?(progress: Progress): void;
    /**
     * Called once the log was delivered up to its newest event: all later events are new. Called again after each
     * `reset`.
     */
    ready?(): void;
    /**
     * Called when the server's log was replaced by an older one: forget all events so far. The events of that log follow.
     */
    reset?(): void;
    /** Called when the conversation cannot be read any more; no event follows. */
    failed?(error: RelayError): void;
    /** Called when the conversation was closed on this connection; no event follows. */
    closed?(): void;
}
/** A page whose text is missing, and the reason. Page numbers begin at 1. */
interface MissingPage {
    page: number;
    reason: "scan" | "unnamed" | "error" | "limit";
}
/**
 * The progress of an ask. The server sends it as a hint, which may be lost. The numbers of pages and positions begin at
 * 1.
 */
interface Progress {
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
/** A connection to docrelay, which any number of conversations share. */
interface Relay {
    readonly state: RelayState;
    /** The id of the user, as the server sent it. Undefined until the first connection, like the server's `limits`. */
    readonly user: string | undefined;
    readonly limits: Limits | undefined;
    /**
     * Returns the conversation with this id (default: a new id). The same id gives the same object until the conversation
     * is closed.
     */
    conversation(id?: string): Conversation;
    readonly conversations: Conversations;
    /** Uploads a file before it is asked about. Safe to repeat: the same object is uploaded once. @throws RelayError */
    upload(file: FileInput, options?: UploadOptions): Promise<{
        upload: string;
    }>;
    /**
     * Calls the listener with the current stage of an upload of this user, made in any tab or on any device, and with
     * each later stage until `ready` or `failed`. So a web page knows before the ask how many pages a file has, or that
     * the file needs a password. Returns a function that removes the listener. The listener is never called if the
     * server's `welcome.features` lack `upload:status`.
     */
    onUpload(upload: string, listener: UploadListener): () => void;
    /**
     * Downloads an upload of this user, made in any tab or on any device: its bytes, or its extracted text. @throws
     * RelayError `NOT_FOUND`; `RESUME_LOST` when the bytes are no longer kept; for a text, the reason why there is none
     */
    download(upload: string, part: UploadPart, options?: DownloadOptions): Promise<Blob>;
    readonly uploads: UploadTexts;
    /** Resolves with the user's daily quotas and how much of them is used. @throws RelayError */
    usage(): Promise<Usage>;
    /** Calls the listener at each change of the connection's state. Returns a function that removes the listener. */
    onState(listener: (state: RelayState, error?: RelayError) => void): () => void;
    close(): void;
}
/** A refusal or failure: from the server, or because the server could not be reached in time. Switch on `code` only. */
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
/**
 * The state of the connection. `offline`: the connection is lost and is made again by itself. `closed`: it stays
 * closed.
 */
type RelayState = "connecting" | "online" | "offline" | "closed";
/**
 * A link to a conversation: whoever has the token may read the conversation until the link expires. Times are in ms.
 */
interface Shared {
    token: string;
    expiresAt: number;
    expiresInMs: number;
}
/**
 * The engine was given the prompt. If `attempt` is higher than before, the engine was called again, and the deltas
 * before this event are void.
 */
interface StartedEvent extends Head {
    type: "started";
    engine: string;
}
/** A store of strings by key, such as `localStorage`. */
interface Storage {
    readonly length: number;
    /** Returns the key at an index below `length`. The storage decides the order. */
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
/** One question, and its answer as far as it has arrived. Immutable: a change makes another object. */
interface Turn {
    /** The id of the ask. */
    readonly id: string;
    readonly question: string;
    /** When the question was asked, in ms since the epoch. For display only. */
    readonly at: number;
    readonly files: readonly TurnFile[];
    /** The id of the ask that this one replaces: its question was edited, or was asked again. */
    readonly replaces?: string;
    /** The earlier versions of this question, which this turn replaces, oldest first. */
    readonly versions?: readonly Turn[];
    /** The id of the version after this one; the newest version has none. */
    readonly replacedBy?: string;
    readonly state: TurnState;
    /**
     * The newest hint of progress. Undefined if there is none, and after the end of the ask. Text of the answer drops an
     * earlier hint, but a hint that comes late stays.
     */
    readonly progress?: AskProgress;
    /**
     * The text of the answer as far as it has arrived. If the engine was called again, it is only the text of the last
     * call.
     */
    readonly text: string;
    /** The number of the engine call from which `text` comes; 0 before the first call. */
    readonly attempt: number;
    readonly engine?: string;
    readonly citations?: readonly Citation[];
    /** Questions that the engine suggests to ask next. */
    readonly suggestions?: readonly string[];
    readonly timings?: Timings;
    /** Whether the answer was cut because it was too long, or the engine stopped early. */
    readonly truncated?: boolean;
    readonly feedback?: {
        readonly verdict: "up" | "down";
        readonly word?: string;
    };
    /** Why the ask failed or was refused. */
    readonly error?: RelayError;
}
/**
 * A file of a turn. Until the file's text was extracted, only the fields `name`, `size`, `sha256` and `upload` may be
 * set. Page numbers begin at 1.
 */
interface TurnFile {
    readonly name: string;
    readonly size: number;
    readonly sha256?: string;
    /** The id by which later asks of the same user may name the file. */
    readonly upload?: string;
    readonly pages?: number;
    /** The pages whose text is missing, and the reason for each. */
    readonly missing?: readonly MissingPage[];
    /** Pages whose text was recognised by OCR. */
    readonly ocr?: readonly number[];
    /** Whether only the beginning of the text was extracted, because the text is too long. */
    readonly truncated?: boolean;
    /** The ranges of pages that the engine got; set if not all pages fit into its prompt. */
    readonly used?: ReadonlyArray<readonly [from: number, to: number]>;
    /** The names of the files that are attached to the PDF, if there are any. */
    readonly attachments?: readonly string[];
}
/**
 * The state of a turn. `sending`: the server's log does not have the ask yet. `completed`, `failed` and `cancelled` are
 * final.
 */
type TurnState = "sending" | "running" | "completed" | "failed" | "cancelled";
type UploadListener = (status: UploadStatus) => void;
interface UploadOptions {
    /**
     * The id for the upload; default: a random one. If an earlier web page has begun to upload the same file with this
     * id, the upload continues where the server's part of it ends.
     */
    readonly upload?: string;
    readonly signal?: AbortSignal;
    /** Called with the number of bytes that the server has stored, and the size of the file. */
    onProgress?(sent: number, size: number): void;
}
/**
 * What to download of an upload: its bytes; or its extracted text, as plain text, as Markdown with a heading for each
 * page, or as JSON.
 */
type UploadPart = "bytes" | "text" | "markdown" | "json";
/** The progress of an upload. `ready` and `failed` are final; `error` is why there is no text. */
interface UploadStatus {
    upload: string;
    stage: "receiving" | "queued" | "extracting" | "ready" | "failed";
    page?: number | undefined;
    pages?: number | undefined;
    chars?: number | undefined;
    missing?: MissingPage[] | undefined;
    error?: WireError | undefined;
}
/** The extracted text of a file, as engines get it. The page numbers in `missing` and `ocr` begin at 1. */
interface UploadText {
    /** The text of each page, in order; empty for a missing page. */
    readonly pages: readonly string[];
    readonly missing: readonly MissingPage[];
    /** The pages that OCR has read. */
    readonly ocr: readonly number[];
    /** Whether the text was cut because it was too long. */
    readonly truncated: boolean;
}
interface UploadTexts {
    /**
     * Returns the text of an upload of this user. Waits up to half a minute for a running extraction. Safe to repeat.
     * @throws RelayError: `NOT_FOUND`, also for an upload of another user; `BUSY` when the text is not ready yet;
     * `RESUME_LOST` when the file is no longer kept; `PDF_NO_TEXT` or another error of the file when it has no text. When
     * the signal is aborted, throws its reason.
     */
    text(upload: string, options?: {
        readonly signal?: AbortSignal;
    }): Promise<UploadText>;
}
/** The user's daily quotas, and how much of them is used today. */
interface Usage extends DayUse {
    /** When the day ends, in ms since the epoch. */
    resetAt: number;
    /**
     * The quotas and use of all users of the user's tenant together, and of all users of the user's address; set if these
     * have quotas.
     */
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
    /** With `PROMPT_TOO_LARGE`, if known: the bytes of the prompt, and the most bytes that the engine accepts. */
    bytes?: number | undefined;
    limit?: number | undefined;
    expectedOffset?: number | undefined;
    /** With `QUOTA_EXCEEDED`: when the quota has room again, in ms since the epoch. */
    resetAt?: number | undefined;
}
/**
 * Creates a storage that uses `localStorage`. What the browser does not keep, because site data is blocked or the
 * storage is full, is kept in memory until the page ends; `onLost` is called when that happens for the first time.
 * Outside a browser everything is kept in memory.
 */
declare function browserStorage(onLost?: () => void): Storage;
/**
 * Connects, and reconnects until `close`. Returns at once: asks that are made before the connection is up wait for it.
 * @throws TypeError for a url that is not absolute, or that is not http: or https:
 */
declare function connect(options?: ConnectOptions): Relay;
/** Whether a turn has ended. */
declare function isOver({ state }: Turn): boolean;
/** Creates a storage in memory. It is gone when the process or page ends. */
declare function memoryStorage(): Storage;
/**
 * Returns a random id of 128 bits. Not `crypto.randomUUID`, because browsers have it only over HTTPS and on localhost.
 */
declare function newId(): string;
export { type Accepted, type Answer, type AnswerState, type AskFile, type AskOptions, type AskProgress, type ClientErrorCode, type ConnectOptions, type Conversation, type Conversations, type ConversationsHint, type ConversationsPage, type DayUse, type DownloadOptions, type Event, type FileInput, type Limits, type ListedConversation, type Listener, type Progress, type Relay, RelayError, type RelayFault, type RelayState, type Shared, type Storage, type Turn, type TurnFile, type TurnState, type UploadOptions, type UploadPart, type UploadStatus, type UploadText, type UploadTexts, type Usage, browserStorage, connect, isOver, memoryStorage, newId };

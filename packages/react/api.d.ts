import type { Answer, AskOptions, FileInput, Limits, ListedConversation, Relay, RelayError, RelayState, Turn } from "@docrelay/client";
import type { ReactElement, ReactNode } from "react";
/** A chosen file. Immutable: a change makes another object. */
interface ChosenFile {
    /** The id of the file in this list. It is not the upload's id. */
    readonly id: string;
    readonly name: string;
    /** The size in bytes. */
    readonly size: number;
    /**
     * The file to pass to `ask`, whatever `state` is: the same object is uploaded once, and an ask waits for its files.
     */
    readonly file: FileInput;
    /**
     * `uploading`, then `reading` while the text is extracted, then `ready`. If `failed`, an ask may still use the file
     * in some cases; see `error`.
     */
    readonly state: "uploading" | "reading" | "ready" | "failed";
    /** Which part of the file has been uploaded so far, from 0 to 1. */
    readonly progress: number;
    /** The id of the upload, once all bytes are stored. */
    readonly upload?: string | undefined;
    /**
     * The number of the page that is being extracted (the first page is 1); `pages` is the number of all pages. Both are
     * undefined until they are known.
     */
    readonly page?: number | undefined;
    readonly pages?: number | undefined;
    /**
     * Why the file has failed. With the code `PDF_ENCRYPTED`, for example, an ask that has the file's password may
     * succeed.
     */
    readonly error?: RelayError | undefined;
}
/**
 * The state of a conversation. `loading`: its log was not read yet. `answering`: at least one turn has not ended.
 * `offline`: there is no connection, and asks are sent later. `failed`: the conversation cannot be read.
 */
type ConversationStatus = "loading" | "idle" | "answering" | "offline" | "failed";
/** A conversation as components show it. Immutable: a change makes another object. Its functions stay the same. */
interface ConversationView {
    readonly turns: readonly Turn[];
    readonly status: ConversationStatus;
    /**
     * Why `status` is `failed` or `offline`; otherwise the error of the last call of one of this view's functions. The
     * error of an ask is in the ask's turn.
     */
    readonly error?: RelayError | undefined;
    /**
     * Asks a question, after all questions asked before it. Its turn is in `turns` at once, and shows the progress and
     * the outcome.
     * @returns the answer, for code that waits for it; undefined when the question could not be asked, for the reason in
     * `error`.
     */
    ask(message: string, options?: AskOptions): Answer | undefined;
    /** Asks the question of an ended turn once more, with the same files. */
    retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer | undefined;
    /** Cancels an ask at any stage; without an id, all asks that have not ended. */
    cancel(ask?: string): void;
}
/** The list of the user's conversations as components show it. Immutable; its functions stay the same. */
interface ConversationsView {
    /**
     * The 100 conversations with the newest questions, newest first; undefined until the list was read.
     * `relay.conversations.list` returns older ones.
     */
    readonly conversations?: readonly ListedConversation[] | undefined;
    /** Why the list could not be read; otherwise the error of the last call of one of this view's functions. */
    readonly error?: RelayError | undefined;
    /** Changes the title of a conversation: 1 to 200 characters. */
    rename(conversation: string, title: string): void;
    /** Cancels the asks of a conversation and removes everything that is kept of it. */
    remove(conversation: string): void;
}
/** Provides a relay to the hooks of all components inside it. */
declare function RelayProvider({ relay, children }: RelayProviderProps): ReactElement;
interface RelayProviderProps {
    /**
     * The connection, which the application makes with `connect()`, outside of components. This package never closes it.
     * Undefined if there is none, for example on a server: hooks then return their initial values.
     */
    readonly relay: Relay | undefined;
    readonly children?: ReactNode;
}
/** A connection as components show it. */
interface RelayView {
    /** The connection; undefined if the provider has none, for example on a server. */
    readonly relay?: Relay | undefined;
    readonly state: RelayState;
    /** Why `state` is `offline` or `closed`, if that is known. */
    readonly error?: RelayError | undefined;
    /** The id of the user, as the server sent it. Undefined until the first connection, like the server's `limits`. */
    readonly user?: string | undefined;
    readonly limits?: Limits | undefined;
}
/** The files that a user has chosen for the next question in one component. */
interface Uploads {
    readonly files: readonly ChosenFile[];
    /** Adds a file to the list and begins to upload it. Returns undefined if there is no relay. */
    add(file: FileInput): ChosenFile | undefined;
    /** Removes a file from the list. Its upload is stopped, unless an ask needs it. */
    remove(id: string): void;
    /** Removes all files from the list, for example because their question was asked. Uploads continue. */
    clear(): void;
}
/**
 * Returns the conversation with this id. All components that show the conversation share its state, and render at most
 * once a frame. Unmounting cancels nothing: asks continue, and are there when the conversation is shown again. The
 * conversation stays open until `relay.conversation(id).close()`.
 */
declare function useConversation(id: string): ConversationView;
/**
 * Returns the list of the user's conversations from all tabs and devices; all components that show the list share it.
 */
declare function useConversations(): ConversationsView;
/** Returns the provider's connection and its state. */
declare function useRelay(): RelayView;
/**
 * Uploads files as soon as they are chosen. When the component is unmounted, the list is gone, but uploads continue.
 */
declare function useUpload(): Uploads;
export { type ChosenFile, type ConversationStatus, type ConversationView, type ConversationsView, RelayProvider, type RelayProviderProps, type RelayView, type Uploads, useConversation, useConversations, useRelay, useUpload };

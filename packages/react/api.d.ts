import type { Answer, AskOptions, FileInput, Limits, ListedConversation, Relay, RelayError, RelayState, Turn } from "@docrelay/client";
import type { ReactElement, ReactNode } from "react";
/** A chosen file. Immutable: a change creates another object. */
interface ChosenFile {
    /** The file's id in this list; it is not the upload's id. */
    readonly id: string;
    readonly name: string;
    /** The size in bytes. */
    readonly size: number;
    /** The file to pass to `ask`, in any state: the same object is uploaded once, and an ask waits for its files. */
    readonly file: FileInput;
    /**
     * `uploading`, then `reading` while its text is extracted, then `ready`. After `failed` an ask may still name the
     * file if its `error` says so.
     */
    readonly state: "uploading" | "reading" | "ready" | "failed";
    /** The uploaded part of the file, from 0 to 1. */
    readonly progress: number;
    /** The upload's id, once all bytes are stored. */
    readonly upload?: string | undefined;
    /** The page that is being extracted, from 1, and the number of pages, once they are known. */
    readonly page?: number | undefined;
    readonly pages?: number | undefined;
    /**
     * Why the file has failed, for example with the code `PDF_ENCRYPTED`: then an ask with the file's password may
     * succeed.
     */
    readonly error?: RelayError | undefined;
}
/**
 * The state of a conversation. `loading`: the log was not read yet. `answering`: a turn has not ended. `offline`: there
 * is no connection; asks are sent later. `failed`: the conversation cannot be read.
 */
type ConversationStatus = "loading" | "idle" | "answering" | "offline" | "failed";
/** A conversation as components show it. Immutable: a change creates another object. The functions stay the same. */
interface ConversationView {
    readonly turns: readonly Turn[];
    readonly status: ConversationStatus;
    /**
     * The reason for `failed` or `offline`; else the error of the last call of a function below. Turns have their own
     * errors.
     */
    readonly error?: RelayError | undefined;
    /**
     * Asks a question, after all questions asked before it. Its turn is in `turns` at once, and shows the progress and
     * the outcome.
     * @returns the answer, for code that waits for it; undefined when the question cannot be asked at all, see `error`.
     */
    ask(message: string, options?: AskOptions): Answer | undefined;
    /** Asks the question of an ended turn once more, with the same files. */
    retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer | undefined;
    /** Ends an ask at any stage; without an id, all asks that have not ended. */
    cancel(ask?: string): void;
}
/** The list of the user's conversations as components show it. Immutable; the functions stay the same. */
interface ConversationsView {
    /**
     * The 100 conversations with the newest questions, newest first; undefined until the list was read. Older ones:
     * `relay.conversations.list`.
     */
    readonly conversations?: readonly ListedConversation[] | undefined;
    /** Why the list could not be read; else the error of the last call of a function below. */
    readonly error?: RelayError | undefined;
    /** Changes a conversation's title: 1 to 200 characters. */
    rename(conversation: string, title: string): void;
    /** Cancels the conversation's asks and removes everything kept of it. */
    remove(conversation: string): void;
}
/** Provides a relay to the hooks of all components inside it. */
declare function RelayProvider({ relay, children }: RelayProviderProps): ReactElement;
interface RelayProviderProps {
    /**
     * The connection, which the application makes outside components with `connect()`. Nothing in this package closes it.
     * Undefined where there is none, for example on a server: then hooks return their initial values.
     */
    readonly relay: Relay | undefined;
    readonly children?: ReactNode;
}
/** A connection as components show it. */
interface RelayView {
    /** The connection itself; undefined where the provider has none, for example on a server. */
    readonly relay?: Relay | undefined;
    readonly state: RelayState;
    /** The reason for `offline` or `closed`, if it is known. */
    readonly error?: RelayError | undefined;
    /** The user's id as the server sent it, and the server's limits; undefined until the first connection. */
    readonly user?: string | undefined;
    readonly limits?: Limits | undefined;
}
/** The files chosen for the next question in one component. */
interface Uploads {
    readonly files: readonly ChosenFile[];
    /** Uploads a file before the question is asked. Returns undefined where there is no relay. */
    add(file: FileInput): ChosenFile | undefined;
    /** Removes a file from the list. Its upload is ended, unless an ask needs it. */
    remove(id: string): void;
    /** Removes all files from the list, because their question was asked: uploads continue. */
    clear(): void;
}
/**
 * Returns a conversation by its id. All components that show the conversation share it, with at most one render a
 * frame. Unmounting cancels nothing: asks continue, and are there when the conversation is shown again. It stays open
 * until `relay.conversation(id).close()`.
 */
declare function useConversation(id: string): ConversationView;
/**
 * Returns the list of the user's conversations from all tabs and devices; all components that show the list share it.
 */
declare function useConversations(): ConversationsView;
/** Returns the provider's connection and its state. */
declare function useRelay(): RelayView;
/** Uploads files as soon as they are chosen. Unmounting forgets the list; uploads that have begun continue. */
declare function useUpload(): Uploads;
export { type ChosenFile, type ConversationStatus, type ConversationView, type ConversationsView, RelayProvider, type RelayProviderProps, type RelayView, type Uploads, useConversation, useConversations, useRelay, useUpload };

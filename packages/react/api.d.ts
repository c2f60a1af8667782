import type { Answer, AskOptions, FileInput, Limits, ListedConversation, Relay, RelayError, RelayState, Turn } from "@docrelay/client";
import type { ReactElement, ReactNode } from "react";
/** A chosen file. Immutable: one that changes becomes another object. */
interface ChosenFile {
    /** Of this list, not of the upload. */
    readonly id: string;
    readonly name: string;
    /** In bytes. */
    readonly size: number;
    /** What to give to `ask`, in any state: the same object is uploaded once, and an ask waits for its files. */
    readonly file: FileInput;
    /** `uploading`, then `reading` its text, then `ready`. One that has `failed` can still be asked about if its `error` says so. */
    readonly state: "uploading" | "reading" | "ready" | "failed";
    /** The uploaded part of the file, from 0 to 1. */
    readonly progress: number;
    /** The upload's id, once all bytes are stored. */
    readonly upload?: string | undefined;
    /** The page that is being read, from 1, and how many there are, once that is known. */
    readonly page?: number | undefined;
    readonly pages?: number | undefined;
    /** Why it has failed, for example with the code `PDF_ENCRYPTED`: then an ask with its password may do. */
    readonly error?: RelayError | undefined;
}
/**
 * `loading` until the log was read once, `answering` while a turn is not over, `offline` while there is no connection
 * (what is asked is sent later), `failed` when the conversation cannot be read.
 */
type ConversationStatus = "loading" | "idle" | "answering" | "offline" | "failed";
/** A conversation as components show it. Immutable: one that changes becomes another object. The functions stay the same. */
interface ConversationView {
    readonly turns: readonly Turn[];
    readonly status: ConversationStatus;
    /** Why it is `failed` or `offline`, else what the last call of a function below failed with. Turns have their own errors. */
    readonly error?: RelayError | undefined;
    /**
     * Asks a question, after those asked before; its turn is in `turns` at once, and says how far it is and how it ended.
     * @returns the answer, for those who want to wait for it; undefined when it cannot be asked at all, see `error`.
     */
    ask(message: string, options?: AskOptions): Answer | undefined;
    /** Asks the question of a turn that is over once more, with the same files. */
    retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer | undefined;
    /** Ends an ask at any stage; without an id all that are not over. */
    cancel(ask?: string): void;
}
/** The user's conversations as components show them. Immutable; the functions stay the same. */
interface ConversationsView {
    /** The 100 with the newest questions, newest first; undefined until the list was read once. Older ones: `relay.conversations.list`. */
    readonly conversations?: readonly ListedConversation[] | undefined;
    /** Why the list could not be read, or what the last call of a function below failed with. */
    readonly error?: RelayError | undefined;
    /** Gives one another title, of 1 to 200 characters. */
    rename(conversation: string, title: string): void;
    /** Cancels its asks and removes all that is kept of it. */
    remove(conversation: string): void;
}
/** Gives a relay to the hooks of the components below. */
declare function RelayProvider({ relay, children }: RelayProviderProps): ReactElement;
interface RelayProviderProps {
    /**
     * The connection, made outside of components: `connect()`. Nothing in this package closes it. Undefined where there is
     * none, for example on a server: then hooks give what they give before anything is known.
     */
    readonly relay: Relay | undefined;
    readonly children?: ReactNode;
}
/** A connection as components show it. */
interface RelayView {
    /** The connection itself; undefined where the provider has none, for example on a server. */
    readonly relay?: Relay | undefined;
    readonly state: RelayState;
    /** Why it is `offline` or `closed`, where that is known. */
    readonly error?: RelayError | undefined;
    /** The user id that the server gave, and its limits; undefined until the first connection. */
    readonly user?: string | undefined;
    readonly limits?: Limits | undefined;
}
/** Files chosen for the next question, of one component. */
interface Uploads {
    readonly files: readonly ChosenFile[];
    /** Uploads a file ahead of the question. Undefined where there is no relay. */
    add(file: FileInput): ChosenFile | undefined;
    /** Takes a file off the list. Its upload ends, unless an ask needs it. */
    remove(id: string): void;
    /** Takes all files off the list, because their question is asked: uploads go on. */
    clear(): void;
}
/**
 * A conversation by its id, shared by all components that show it; at most one render a frame. Unmounting cancels nothing:
 * asks go on, and are there when it is shown again. It stays open until `relay.conversation(id).close()`.
 */
declare function useConversation(id: string): ConversationView;
/** The list of the user's conversations, of all tabs and devices, shared by all components that show it. */
declare function useConversations(): ConversationsView;
/** The connection of the provider, and its state. */
declare function useRelay(): RelayView;
/** Uploads files as soon as they are chosen. Unmounting forgets the list; uploads that were begun go on. */
declare function useUpload(): Uploads;
export { type ChosenFile, type ConversationStatus, type ConversationView, type ConversationsView, RelayProvider, type RelayProviderProps, type RelayView, type Uploads, useConversation, useConversations, useRelay, useUpload };

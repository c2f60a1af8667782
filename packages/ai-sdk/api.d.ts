import type { Relay, Turn } from "@docrelay/client";
import type { ChatTransport, FileUIPart, UIMessage } from "ai";
import type { UseChatHelpers } from "@ai-sdk/react";
type DocrelayMessage = UIMessage<DocrelayMetadata, {
    progress: NonNullable<Turn["progress"]>;
    extracted: Extracted;
}>;
/** The facts about the turn that a message belongs to. */
interface DocrelayMetadata {
    /** The ask's id, which is the id of the user's message; the id of the answer is `a-` followed by it. */
    readonly ask: string;
    readonly state: Turn["state"];
    readonly engine?: Turn["engine"];
    readonly timings?: Turn["timings"];
    readonly truncated?: Turn["truncated"];
    readonly suggestions?: Turn["suggestions"];
    /** Why the ask failed or was refused. */
    readonly error?: Turn["error"];
}
interface DocrelayTransportOptions {
    /**
     * What an abort means. `useChat` aborts when its component is unmounted, and twice under StrictMode, exactly as for `stop()`:
     * so by default it only stops hearing, and `conversation.cancel(ask)` stops the ask. `cancel` ends the ask at every abort.
     */
    readonly onAbort?: "detach" | "cancel";
}
/** The extraction's result for a file of the question; `file` is the file's index. */
type Extracted = Turn["files"][number] & {
    readonly file: number;
};
type Transport = ChatTransport<DocrelayMessage>;
/**
 * docrelay as the transport of `useChat`: the chat's id is the conversation's, the id of a user's message is its ask's, and
 * only the last message is sent, since the log has those before it. Sending again is safe; a reload goes on with `resume`.
 * A failed ask is a `RelayError` in `chat.error`. Passwords: `sendMessage(…, { body: { passwords: { 0: "…" } } })`.
 */
declare function docrelayTransport(relay: Relay, { onAbort }?: DocrelayTransportOptions): Transport;
/** A file part that refers to a finished upload, for example of `relay.upload`. The message contains no bytes. */
declare function fileRef(upload: {
    readonly upload: string;
    readonly name?: string;
} | string): FileUIPart;
/** A conversation's turns as messages of `useChat`: the same objects for a turn that has not changed. */
declare function toUIMessages(turns: readonly Turn[]): DocrelayMessage[];
/**
 * `useChat` over a conversation of docrelay: its messages are those of the log, also what other tabs ask, and `status` tells of
 * their asks, too. Unmounting cancels nothing; `stop()` cancels all asks that are not over. At the end of an answer the log's
 * text wins.
 */
declare function useDocrelayChat(relay: Relay, id: string): UseChatHelpers<DocrelayMessage>;
export { type DocrelayMessage, type DocrelayMetadata, type DocrelayTransportOptions, type Extracted, docrelayTransport, fileRef, toUIMessages, useDocrelayChat };

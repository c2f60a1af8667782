import type { Relay, Turn } from "@docrelay/client";
import type { ChatTransport, FileUIPart, UIMessage } from "ai";
import type { UseChatHelpers } from "@ai-sdk/react";
type DocrelayMessage = UIMessage<DocrelayMetadata, {
    progress: NonNullable<Turn["progress"]>;
    extracted: Extracted;
}>;
/** The metadata of a message: what it states about its ask. */
interface DocrelayMetadata {
    /** The id of the ask, which is also the id of the user's message. The answer's message has `a-` before this id. */
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
     * What an abort does. `useChat` aborts not only for `stop()`, but also when its component is unmounted, and twice
     * under StrictMode. So by default (`detach`) the stream ends but the ask continues, and `conversation.cancel(ask)`
     * cancels the ask. With `cancel`, every abort cancels the ask.
     */
    readonly onAbort?: "detach" | "cancel";
}
/** A file of the question, with the result of its extraction. `file`: the file's index in the question. */
type Extracted = Turn["files"][number] & {
    readonly file: number;
};
type Transport = ChatTransport<DocrelayMessage>;
/**
 * Makes docrelay the transport of `useChat`. The id of the chat is the id of the conversation, and the id of a user's
 * message is the id of its ask. Only the last message is sent, because the log has those before it. Sending the same
 * message again is safe. After a reload, `resume` continues the answer. A failed ask is a `RelayError` in `chat.error`.
 * Passwords of files are given by their index: `sendMessage(…, { body: { passwords: { 0: "…" } } })`.
 */
declare function docrelayTransport(relay: Relay, { onAbort }?: DocrelayTransportOptions): Transport;
/**
 * Makes a file part that refers to a finished upload, for example one of `relay.upload`. So the message need not
 * contain the file's bytes.
 */
declare function fileRef(upload: {
    readonly upload: string;
    readonly name?: string;
} | string): FileUIPart;
/**
 * Returns the turns of a conversation as messages of `useChat`. For a turn that has not changed, it returns the same
 * objects as before.
 */
declare function toUIMessages(turns: readonly Turn[]): DocrelayMessage[];
/**
 * Calls `useChat` for a conversation of docrelay. Its messages are those of the log, including asks made in other tabs;
 * these asks also count for `status`. Unmounting cancels nothing; `stop()` cancels all asks that have not ended. When
 * an answer has ended, its text is taken from the log.
 */
declare function useDocrelayChat(relay: Relay, id: string): UseChatHelpers<DocrelayMessage>;
export { type DocrelayMessage, type DocrelayMetadata, type DocrelayTransportOptions, type Extracted, docrelayTransport, fileRef, toUIMessages, useDocrelayChat };

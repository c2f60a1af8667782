import { openLog, type Store } from "@docrelay/channel";
import { refuse, type Open, type Opened } from "@docrelay/protocol";
import type { LogReader, OpenQueue } from "./open-queue.ts";

export interface OpenDeps {
  readonly store: Store;
  /** Bounds how many logs are read at a time: after a network failure all clients open their conversations at once. */
  readonly openQueue: OpenQueue;
}

/**
 * Reads a conversation of the user `reader.user`, from a position on. Must be called after Redis has confirmed the
 * subscription of the conversation's room, so that no event is lost between the read and the first published event.
 * @throws Refusal `RESUME_LOST`, `BUSY`, `SHUTTING_DOWN`; ioredis errors.
 */
export type OpenConversation = (reader: LogReader, open: Open) => Promise<Omit<Opened, "ok">>;

export function createOpenConversation({ store, openQueue }: OpenDeps): OpenConversation {
  return async function openConversation(reader, { conversation, ...from }) {
    const log = await openQueue.run(
      reader,
      () => openLog(store, reader.user, conversation, from),
      (read) => (read.kind === "opened" ? read.bytes : 0),
    );
    if (log.kind === "lost") throw refuse("RESUME_LOST");
    const { events, more, first, head } = log;
    return { events, more, first, head };
  };
}

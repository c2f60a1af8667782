import { openLog, type Store } from "@docrelay/channel";
import { refuse, type Open, type Opened } from "@docrelay/protocol";
import type { OpenQueue, LogReader } from "./open-queue.ts";

export interface OpenDeps {
  readonly store: Store;
  /** Whose log is read next: a herd comes back at every blip otherwise. */
  readonly openQueue: OpenQueue;
}

/**
 * Reads a conversation of the reader's from a position on. Call it when the room's subscription holds, so that nothing falls
 * between the read and what comes next. @throws Refusal `RESUME_LOST`, `BUSY`, `SHUTTING_DOWN`; what ioredis throws.
 */
export async function openConversation(
  { store, openQueue }: OpenDeps,
  reader: LogReader,
  { conversation, after }: Open,
): Promise<Omit<Opened, "ok">> {
  const log = await openQueue.run(
    reader,
    () => openLog(store, reader.user, conversation, after),
    (read) => (read.kind === "opened" ? read.bytes : 0),
  );
  if (log.kind === "lost") throw refuse("RESUME_LOST");
  const { events, more, first, head } = log;
  return { events, more, first, head };
}

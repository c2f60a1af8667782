import { openLog, type Store } from "@docrelay/channel";
import { refuse, type Open, type Opened } from "@docrelay/protocol";
import type { Slots } from "./slots.ts";

export interface OpenDeps {
  readonly store: Store;
  /** How many logs this edge reads at a time: a herd comes back at every blip otherwise. */
  readonly reads: Slots;
}

/**
 * Reads a user's conversation from a position on. Call it when the room's subscription holds, so that nothing falls
 * between the read and what comes next. @throws Refusal `RESUME_LOST`, `BUSY`; what ioredis throws.
 */
export async function openConversation(
  { store, reads }: OpenDeps,
  user: string,
  { conversation, after }: Open,
): Promise<Omit<Opened, "ok">> {
  const log = await reads.run(() => openLog(store, user, conversation, after));
  if (log.kind === "lost") throw refuse("RESUME_LOST");
  const { events, more, first, head } = log;
  return { events, more, first, head };
}

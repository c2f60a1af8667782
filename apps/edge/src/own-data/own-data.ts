import { forgetUser, type Store } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { OwnConversations } from "../conversation/own-conversations.ts";
import type { Quotas } from "../quotas/quotas.ts";
import { createSlots } from "../limits/slots.ts";
import type { OwnFiles } from "../uploads/own-files.ts";
import { exportOf, type ExportDeps, type Reader } from "./export.ts";

/** Operations on everything kept of one user. */
export interface OwnData {
  /**
   * Removes everything kept of the user. Idempotent. @throws Refusal `BUSY` when the user adds asks and uploads faster
   * than they are removed.
   */
  remove(user: string): Promise<void>;
  /**
   * Calls `write` with the parts of an archive of everything kept of the user. Only a few exports run at a time; others
   * wait, and users are served in rotation. @throws Refusal `BUSY` after a wait; errors of `write`
   */
  export(reader: Reader, write: (parts: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void>;
}

export interface OwnDataDeps extends ExportDeps {
  readonly store: Store;
  readonly conversations: OwnConversations;
  readonly ownFiles: OwnFiles;
  readonly quotas: Pick<Quotas, "isBounded">;
  onTrouble(error: unknown): void;
  /** After how many ms counters that were written late are removed. Default: 20,000. */
  readonly lateMs?: number;
}

/** Few exports run at a time, because each one reads and compresses all logs of a user. */
const EXPORTS = { atOnce: 2, maxWaiting: 32, waitMs: 20_000 };
const MAX_ROUNDS = 5;
/**
 * Asks, tokens and pages are counted a moment after they were used, and no other step waits for the count. So a count of
 * an ask or an extraction that the removal has ended may come after the removal, and would stay until it expires.
 */
const LATE_MS = 20_000;

export function createOwnData(deps: OwnDataDeps): OwnData {
  const { store, conversations, ownFiles, quotas, onTrouble, lateMs = LATE_MS } = deps;
  const slots = createSlots(EXPORTS);
  /**
   * One timer for each user who has removed all data within the last `lateMs`. If the edge ends before the timer, a late
   * count stays until it expires.
   */
  const late = new Map<string, NodeJS.Timeout>();
  const forget = (user: string): Promise<boolean> => forgetUser(store, user, quotas.isBounded(user));
  return {
    async remove(user) {
      for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
        await conversations.removeAll(user);
        await ownFiles.removeAll(user);
        if (!(await forget(user))) continue;
        // Has no effect if the user has asked or uploaded again meanwhile.
        clearTimeout(late.get(user));
        const again = setTimeout(() => {
          late.delete(user);
          forget(user).catch(onTrouble);
        }, lateMs);
        late.set(user, again.unref());
        return;
      }
      throw refuse("BUSY", { retryAfterMs: 1000 });
    },
    export: (reader, write) => slots.run(() => write(exportOf(deps, reader)), reader.user),
  };
}

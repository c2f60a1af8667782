import { addLink, endLinks, hasLog, linkDigest, readLink, type Store } from "@docrelay/channel";
import { refuse, type Shared } from "@docrelay/protocol";
import { quotaExceeded } from "../limits/quota-exceeded.ts";
import type { Authenticator, Identity } from "../auth/authenticator.ts";

/** Links to conversations: anybody who has a link may read its conversation until the link ends. */
export interface Shares {
  /** Whether conversations can be shared at all (`SHARE_TTL_MS` is not 0). */
  readonly isOn: boolean;
  /** Creates a link. @throws Refusal `FORBIDDEN` where conversations are not shared, `NOT_FOUND`, `QUOTA_EXCEEDED` */
  share(user: string, conversation: string): Promise<Shared>;
  /** Ends all links to a conversation. Idempotent. */
  end(user: string, conversation: string): Promise<void>;
  /** Whether the link whose token has this digest can still be used. */
  isOpen(digest: string): Promise<boolean>;
  /**
   * Returns the identity of a reader who has the token of a link. @throws Refusal `AUTH_INVALID` if the link has ended
   */
  verify(token: string): Promise<Identity>;
}

/** @param ttlMs how long a link lasts; 0: conversations are not shared, and earlier links open nothing. */
export function createShares(store: Store, ttlMs: number): Shares {
  const isOn = ttlMs > 0;
  return {
    isOn,
    async share(user, conversation) {
      if (!isOn) throw refuse("FORBIDDEN", { message: "Conversations are not shared here." });
      const added = await addLink(store, user, { conversation, ttlMs });
      if (added.kind === "full") {
        throw quotaExceeded(added.freeInMs, "There are too many links. End some.");
      }
      // The log is looked for only after the link was stored: if the conversation is deleted at the same moment, either
      // the deletion ends the link, or this check does.
      if (!(await hasLog(store, user, conversation))) {
        await endLinks(store, user, conversation);
        throw refuse("NOT_FOUND");
      }
      return { token: added.token, expiresAt: added.expiresAt, expiresInMs: ttlMs };
    },
    end: (user, conversation) => endLinks(store, user, conversation),
    isOpen: async (digest) => (await readLink(store, digest)) !== undefined,
    async verify(token) {
      const digest = linkDigest(token);
      const link = isOn && digest !== undefined ? await readLink(store, digest) : undefined;
      if (!link || digest === undefined) throw refuse("AUTH_INVALID", { message: "This link has ended." });
      const { user, conversation, at, leftMs } = link;
      // The reader becomes a user of its own who owns nothing, so that code that does not check `reads` finds no data.
      return {
        user: `share-${digest}`,
        expiresAt: Date.now() + leftMs,
        issuedAt: Math.floor(at / 1000),
        reads: { user, conversation, digest },
      };
    },
  };
}

/**
 * Returns an authenticator that works as `authenticator` does, and also verifies the tokens of links. It must be used
 * only where the code checks `Identity.reads`.
 */
export function withLinks(authenticator: Authenticator, shares: Shares): Authenticator {
  return {
    verify: (token) => (token?.startsWith("share_") ? shares.verify(token) : authenticator.verify(token)),
    issue: (user) => authenticator.issue(user),
  };
}

/**
 * Returns the user in whose name an identity may read this conversation: its own user, or for a reader through a link
 * the conversation's owner. @throws Refusal `NOT_FOUND` if the link is for another conversation
 */
export function ownerOf({ user, reads }: Identity, conversation: string): string {
  if (!reads) return user;
  if (reads.conversation !== conversation) throw refuse("NOT_FOUND");
  return reads.user;
}

import { hintsOfUsers, userAddress, type Listening, type UserHint } from "@docrelay/channel";
import type { ConversationsHint } from "@docrelay/protocol";

/** A connection that receives hints about what its user's other connections have done. */
export interface UserListener {
  readonly user: string;
  /** The connection's name, unique among all edges. */
  readonly connection: string;
  conversationsHint(hint: ConversationsHint): void;
  /** Set for a connection that reads through a link: receives the digests of the links that the user has ended. */
  linksEnded?(digests: readonly string[]): void;
}

/** The connections to this edge that get hints about their users. */
export interface UserSockets {
  /**
   * Adds a connection, which then gets the hints about its user. Returns at once. Hints may be lost until Redis has
   * confirmed the subscription.
   */
  join(listener: UserListener): void;
  leave(listener: UserListener): void;
}

/**
 * Passes hints for a user on to the user's connections. An edge subscribes to one channel for each shard of which a
 * user is connected here, so to at most 256 channels, and stays subscribed. With one channel for each user, every idle
 * connection would cost the edge a subscription.
 */
export function createUserSockets(hints: Listening<UserHint>, onTrouble: (error: unknown) => void): UserSockets {
  const byUser = new Map<string, UserListener[]>();
  const shards = new Set<string>();

  function hear({ u, from, conversations, endedLinks }: UserHint): void {
    for (const listener of byUser.get(u) ?? []) {
      if (conversations && listener.connection !== from) listener.conversationsHint(conversations);
      if (endedLinks) listener.linksEnded?.(endedLinks);
    }
  }
  function subscribe(shard: string): void {
    if (shards.has(shard)) return;
    shards.add(shard);
    // Hints that were lost while Redis did not respond are in no log, so nothing can be read again here. The gateway
    // tells its clients to fetch the list of conversations again.
    hints.listen(hintsOfUsers(shard), { message: hear, resync: () => undefined }).catch((error: unknown) => {
      shards.delete(shard); // the next connection of a user of this shard subscribes again
      onTrouble(error);
    });
  }

  return {
    join(listener) {
      const { shard, u } = userAddress(listener.user);
      byUser.set(u, [...(byUser.get(u) ?? []), listener]);
      subscribe(shard);
    },
    leave(listener) {
      const { u } = userAddress(listener.user);
      const left = (byUser.get(u) ?? []).filter((one) => one !== listener);
      if (left.length > 0) byUser.set(u, left);
      else byUser.delete(u);
    },
  };
}

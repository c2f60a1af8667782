import type { Reads } from "../auth/authenticator.ts";
import type { UserSockets } from "../conversation/user-sockets.ts";
import type { Shares } from "./shares.ts";

export interface WatchLinkDeps {
  readonly userSockets: UserSockets;
  readonly shares: Pick<Shares, "isOpen">;
  onTrouble(error: unknown): void;
}

/** How often the link is checked in Redis, because the hint that its owner has ended it may be lost. */
const LOOK_MS = 30_000;

/**
 * Calls `ended` when the owner has ended the link. It does not watch the link's expiry, which the caller knows. The
 * returned function ends the watch.
 */
export function watchLink(
  { userSockets, shares, onTrouble }: WatchLinkDeps,
  reads: Reads,
  ended: () => void,
): () => void {
  const listener = {
    user: reads.user,
    connection: "",
    conversationsHint: () => undefined,
    linksEnded: (digests: readonly string[]) => {
      if (digests.includes(reads.digest)) ended();
    },
  };
  const look = (): void => {
    shares.isOpen(reads.digest).then((isOpen) => {
      if (!isOpen) ended();
    }, onTrouble);
  };
  userSockets.join(listener);
  look(); // the link may have ended since its token was verified
  const looking = setInterval(look, LOOK_MS);
  looking.unref();
  return () => {
    clearInterval(looking);
    userSockets.leave(listener);
  };
}

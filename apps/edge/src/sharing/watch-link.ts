import type { Reads } from "../auth/authenticator.ts";
import type { UserSockets } from "../conversation/user-sockets.ts";
import type { Shares } from "./shares.ts";

export interface WatchLinkDeps {
  readonly userSockets: UserSockets;
  readonly shares: Pick<Shares, "isOpen">;
  onTrouble(error: unknown): void;
}

/** The hint that a link was ended may be lost. */
const LOOK_MS = 30_000;

/** Calls `ended` once the link was ended by its owner; that it expires is known without. Returns how to stop. */
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
  look(); // it may have been ended since the token was verified
  const looking = setInterval(look, LOOK_MS);
  looking.unref();
  return () => {
    clearInterval(looking);
    userSockets.leave(listener);
  };
}

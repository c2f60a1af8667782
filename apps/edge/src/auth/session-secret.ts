import { shareSecret, type Store } from "@docrelay/channel";

/**
 * The secrets of session tokens: `SESSION_SECRET` if it is set, else a random secret that the edges share through
 * Redis. The first secret of `all` signs new tokens; tokens signed with any of them are valid.
 */
export interface SessionSecret {
  all(): readonly Uint8Array[];
  /**
   * Stores this edge's secret again if Redis has lost it, and reads the secrets of other edges. Resolves with whether
   * Redis had lost it.
   */
  sync(): Promise<boolean>;
}

export async function shareSessionSecret(
  store: Pick<Store, "redis" | "sealing">,
  given: string | undefined,
): Promise<SessionSecret> {
  if (given !== undefined) {
    const secret = Buffer.from(given);
    return { all: () => [secret], sync: async () => false };
  }
  const shared = await shareSecret(store, "session");
  return { all: () => shared.all.map((secret) => Buffer.from(secret)), sync: shared.sync };
}

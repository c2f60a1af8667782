import { shareSecret, type Store } from "@docrelay/channel";

/**
 * The secrets of sessions: the configured one, or a random one that the edges share through Redis. There is no default.
 * `sync` stores this edge's secret again if Redis has lost it, and reads those of other edges: the first secret signs,
 * all verify.
 */
export interface SessionSecret {
  all(): readonly Uint8Array[];
  /** Resolves with whether Redis had lost the secret. */
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

import { readSessionSecret, type Store } from "@docrelay/channel";

const KEPT = 3;

/**
 * The secret that signs sessions: the given one, or a random one that the edges share through Redis. There is no
 * default. `adopt` is called after each reconnect to Redis: it stores the secret again if Redis has lost it; if another
 * edge stored its own first, both secrets verify.
 */
export interface SessionSecret {
  all(): readonly Uint8Array[];
  adopt(): Promise<void>;
}

export async function shareSessionSecret(
  store: Pick<Store, "redis" | "sealing">,
  given: string | undefined,
): Promise<SessionSecret> {
  if (given !== undefined) {
    const secret = Buffer.from(given);
    return { all: () => [secret], adopt: async () => undefined };
  }
  let known: string[] = [];
  const adopt = async (): Promise<void> => {
    const shared = await readSessionSecret(store, known[0]);
    known = [shared, ...known.filter((secret) => secret !== shared)].slice(0, KEPT);
  };
  await adopt();
  return { all: () => known.map((secret) => Buffer.from(secret)), adopt };
}

import { createHash, randomBytes } from "node:crypto";
import { KEYS } from "../redis/keys.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfSecret } from "../sealing/places.ts";

/**
 * A random secret of the deployment, which all processes share through Redis and none of them can do without. Each one keeps
 * it in memory, too, so that a Redis that has lost it (evicted, flushed, replaced) gets it back from any that runs.
 */
export interface SharedSecret {
  /** The oldest one that is known: all agree on it. */
  readonly current: string;
  /** All that were current in some process, the current one first. What was signed with them stays valid. */
  readonly all: readonly string[];
  /** Learns what others have stored, and stores again what is missing; idempotent. Resolves with whether Redis had lost it. */
  sync(): Promise<boolean>;
}

export type SecretName = "digest" | "session";
const KEYS_OF = {
  digest: [KEYS.digestSecret.pattern, KEYS.digestSecrets.pattern],
  session: [KEYS.sessionSecret.pattern, KEYS.sessionSecrets.pattern],
} as const satisfies Record<SecretName, readonly [string, string]>;

/** The oldest, and the newest of the others. */
const MAX_KNOWN = 8;

type SecretStore = Pick<Store, "redis" | "sealing">;

/** Reads a secret, or makes it where there is none. @throws ioredis errors; ChannelError `key` when it is sealed with a key that is missing. */
export async function shareSecret(store: SecretStore, name: SecretName): Promise<SharedSecret> {
  let known: readonly string[] = [];
  const sync = async (): Promise<boolean> => {
    const merged = await merge(store, name, known);
    known = merged.known;
    return merged.lost;
  };
  await sync();
  return {
    get current() {
      return known[0] ?? "";
    },
    get all() {
      return known;
    },
    sync,
  };
}

/**
 * Two keys: one holds the current secret, which processes of earlier versions read; the other all that are known, and
 * only grows. So two edges that set a secret at the same time end with the older one, and each verifies both.
 */
async function merge(
  { redis, ...rest }: SecretStore,
  name: SecretName,
  before: readonly string[],
): Promise<{ known: readonly string[]; lost: boolean }> {
  const sealing = sealingOf(rest);
  const [currentKey, knownKey] = KEYS_OF[name];
  const place = placeOfSecret(currentKey);
  const seal = (secret: string): string => sealing.sealText(place, secret);
  // Where nothing is known all processes agree at once: the first proposal is stored.
  if (before.length === 0) await redis.set(currentKey, seal(newSecret()), "NX");
  const [current, stored] = await Promise.all([redis.get(currentKey), redis.hgetall(knownKey)]);
  const told = [...(current === null ? [] : [current]), ...Object.values(stored)].map((one) =>
    sealing.unsealText(place, one),
  );
  const known = oldestFirst([...new Set([...before, ...told])]);
  const missing = known.filter((secret) => {
    const there = stored[nameOf(secret)];
    return there === undefined || !sealing.isCurrent(there);
  });
  if (missing.length > 0) await redis.hset(knownKey, ...missing.flatMap((secret) => [nameOf(secret), seal(secret)]));
  const [first = ""] = known;
  // Secrets stay for ever: without the last condition, the key that sealed them could never be taken out of DATA_KEY.
  if (current === null || sealing.unsealText(place, current) !== first || !sealing.isCurrent(current))
    await redis.set(currentKey, seal(first));
  const lost = before.some((secret) => stored[nameOf(secret)] === undefined) || (before.length > 0 && current === null);
  return { known, lost };
}

/** Begins with when it was made, so that all agree which is the oldest; those of earlier versions have no time, and are older. */
const newSecret = (): string => `${Date.now().toString(36)}.${randomBytes(32).toString("base64url")}`;

function oldestFirst(secrets: readonly string[]): readonly string[] {
  const madeAt = (secret: string): number => (secret.includes(".") ? parseInt(secret, 36) : 0);
  const [oldest, ...others] = secrets.toSorted((a, b) => madeAt(a) - madeAt(b) || (a < b ? -1 : 1));
  return oldest === undefined ? [] : [oldest, ...others.slice(1 - MAX_KNOWN)];
}

const nameOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url").slice(0, 22);

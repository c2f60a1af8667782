import { createHash, randomBytes } from "node:crypto";
import { KEYS } from "../redis/keys.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfSecret } from "../sealing/places.ts";

/**
 * A random secret of the deployment that all processes share through Redis. Each process also keeps it in memory, so
 * any running process restores it after Redis has lost it (evicted, flushed, replaced).
 */
export interface SharedSecret {
  /** The secret to sign with: the oldest known one, so that all processes agree on it. */
  readonly current: string;
  /**
   * All secrets that were current in some process, the current one first. Signatures made with any of them stay valid.
   */
  readonly all: readonly string[];
  /**
   * Reads the secrets that other processes have stored, and stores again those that Redis has lost. Idempotent.
   * Resolves with whether Redis had lost one.
   */
  sync(): Promise<boolean>;
}

export type SecretName = "digest" | "session";
const KEYS_OF = {
  digest: [KEYS.digestSecret.pattern, KEYS.digestSecrets.pattern],
  session: [KEYS.sessionSecret.pattern, KEYS.sessionSecrets.pattern],
} as const satisfies Record<SecretName, readonly [string, string]>;

/** How many secrets are kept in memory at most: the oldest one, and the newest of the others. */
const MAX_KNOWN = 8;

type SecretStore = Pick<Store, "redis" | "sealing">;

/**
 * Reads a secret, or makes one if there is none. @throws ioredis errors; ChannelError `key` when the secret is
 * encrypted with a key that is not in `DATA_KEY`.
 */
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
 * Merges the secrets of this process with those in two keys of Redis. The key `current` holds the oldest secret, and is
 * all that processes of earlier versions read. The key `known` holds all secrets; none is ever removed from it. If two
 * processes make a secret at the same time, both use the older one in the end, and each accepts signatures of both.
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
  // A process that knows no secret proposes one. NX stores only the first proposal, so all processes agree at once.
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
  // The last condition encrypts the secret again with the current key. Because secrets are kept for ever, the key that
  // encrypted it first could otherwise never be removed from DATA_KEY.
  if (current === null || sealing.unsealText(place, current) !== first || !sealing.isCurrent(current))
    await redis.set(currentKey, seal(first));
  const lost = before.some((secret) => stored[nameOf(secret)] === undefined) || (before.length > 0 && current === null);
  return { known, lost };
}

/**
 * Makes a new secret. It begins with the time it was made, so that all processes agree which secret is the oldest.
 * Secrets of earlier versions have no time and count as older.
 */
const newSecret = (): string => `${Date.now().toString(36)}.${randomBytes(32).toString("base64url")}`;

function oldestFirst(secrets: readonly string[]): readonly string[] {
  const madeAt = (secret: string): number => (secret.includes(".") ? parseInt(secret, 36) : 0);
  const [oldest, ...others] = secrets.toSorted((a, b) => madeAt(a) - madeAt(b) || (a < b ? -1 : 1));
  return oldest === undefined ? [] : [oldest, ...others.slice(1 - MAX_KNOWN)];
}

const nameOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url").slice(0, 22);

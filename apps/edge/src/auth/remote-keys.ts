import { refuse } from "@docrelay/protocol";
import { createLocalJWKSet, decodeProtectedHeader, errors, type CryptoKey, type JSONWebKeySet } from "jose";

/** The public keys of the operator's login system, fetched from a URL (a JSON Web Key Set). */
export interface RemoteKeys {
  /**
   * Returns the keys that may have signed a token: those with the `kid` of the token's header, or if the header has no
   * `kid`, a few keys that fit its algorithm. @throws Refusal `AUTH_INVALID` for a token that none of the keys can have
   * signed; `BUSY` while there are no keys that may be trusted.
   */
  keysOf(token: string): Promise<readonly CryptoKey[]>;
  /** Fetches the keys now, unless they are being fetched. Never rejects: `onTrouble` gets the error. */
  load(): Promise<void>;
}

/**
 * The algorithms that a token may use, all with a public key: with a symmetric algorithm, an attacker could sign tokens
 * with the published key as the secret.
 */
export const REMOTE_ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

/**
 * Keys that were fetched longer ago than this are fetched again. Until that fetch ends, the old keys verify tokens,
 * unless they are older than `TRUSTED_MS`.
 */
const FRESH_MS = 300_000;
/** Keys verify tokens for at most a day after they were fetched: a withdrawn key must not be trusted for ever. */
const TRUSTED_MS = 86_400_000;
/** Tokens with an unknown `kid` cause at most one fetch in this time, whether the fetch succeeds or fails. */
const MISS_MS = 10_000;
/**
 * The shortest time between two fetches while there are no trusted keys. It is short, because no token can be verified
 * then.
 */
const RETRY_MS = 1000;
const FETCH_MS = 5000;
const MAX_BYTES = 1_048_576;
/** How many keys are tried for a token without a `kid`. */
const MAX_TRIED = 4;

export interface RemoteKeysOptions {
  readonly url: string;
  /** Returns the time in ms, from a clock that never jumps. */
  readonly now?: () => number;
  onTrouble(error: unknown): void;
}

export function createRemoteKeys({ url, onTrouble, now = () => performance.now() }: RemoteKeysOptions): RemoteKeys {
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  const isTrusted = (): boolean => now() - fetchedAt <= TRUSTED_MS;
  const mayLoad = (): boolean => loading !== undefined || now() - triedAt >= (keys && isTrusted() ? MISS_MS : RETRY_MS);

  function load(): Promise<void> {
    if (loading) return loading;
    triedAt = now();
    const begun = fetchKeys(url)
      .then((found) => {
        keys = createLocalJWKSet(found);
        fetchedAt = now();
      })
      .catch(onTrouble)
      .finally(() => (loading = undefined));
    return (loading = begun);
  }

  async function current(): Promise<NonNullable<typeof keys>> {
    if (now() - fetchedAt > FRESH_MS && mayLoad()) {
      const loaded = load();
      if (!isTrusted()) await loaded;
    }
    if (keys && isTrusted()) return keys;
    throw refuse("BUSY", { retryAfterMs: RETRY_MS, message: "The login cannot be reached to check the token." });
  }

  return {
    load,
    async keysOf(token) {
      const header = headerOf(token);
      const find = async (): Promise<readonly CryptoKey[] | undefined> => matching(await current(), header);
      const found = await find();
      if (found) return found;
      if (!mayLoad()) throw refuse("AUTH_INVALID");
      await load();
      const renewed = await find();
      if (!renewed) throw refuse("AUTH_INVALID");
      return renewed;
    },
  };
}

type Header = ReturnType<typeof decodeProtectedHeader>;

function headerOf(token: string): Header {
  let header: Header | undefined;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw refuse("AUTH_INVALID");
  }
  // The algorithm is checked before the keys are looked up, so that a token with another algorithm causes no fetch.
  if (!REMOTE_ALGORITHMS.includes(header.alg ?? "")) throw refuse("AUTH_INVALID");
  return header;
}

/** Returns the keys of the set that fit a token's header; undefined if there are none. */
async function matching(
  keys: ReturnType<typeof createLocalJWKSet>,
  header: Header,
): Promise<readonly CryptoKey[] | undefined> {
  try {
    return [await keys(header)];
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw refuse("AUTH_INVALID");
    const several: CryptoKey[] = [];
    for await (const key of error) {
      several.push(key);
      if (several.length === MAX_TRIED) break;
    }
    return several;
  }
}

/** @throws Error when the login system does not return a key set of at most 1 MiB within 5 s. */
async function fetchKeys(url: string): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    redirect: "error", // only the address that the operator has set may provide the keys
    signal: AbortSignal.timeout(FETCH_MS),
    headers: { accept: "application/json, application/jwk-set+json" },
  });
  if (!response.ok || !response.body) throw new Error(`the login's keys: status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error("the login's keys: more than 1 MiB");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString()) as JSONWebKeySet; // `createLocalJWKSet` checks the form
}

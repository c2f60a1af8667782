import {
  hasRevocations,
  parseRevocation,
  readRevocations,
  REVOKED_CHANNEL,
  revocationName,
  revoke,
  writeRevocations,
  type Revocation,
  type Revoked,
  type RedisClient,
  type RedisSubscriber,
} from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { Authenticator, Identity } from "./authenticator.ts";

/**
 * The users and tokens that were revoked. Each edge keeps all of them in memory, so that verifying a token needs no
 * request to Redis. Edges hear of a new revocation by a hint, and read all of them from Redis at their start and after
 * each reconnect.
 */
export interface Revocations {
  isRevoked(identity: Identity): boolean;
  /**
   * Resolves when the revocation is stored. The open connections of the revoked user or token then end: on this edge at
   * once, on other edges soon.
   * @throws ioredis errors
   */
  revoke(revoked: Revoked): Promise<Revocation>;
  /** Calls `listener` after each change. The listener must end the connections of revoked users and tokens. */
  onChange(listener: () => void): void;
  /** Reads revocations that this edge has missed, and stores again those that Redis has lost. */
  resync(): Promise<void>;
  /** Runs `resync` if this edge knows revocations and Redis has none of them; resolves with whether `resync` ran. */
  restore(): Promise<boolean>;
}

/**
 * `resync` must be called once before the first use: until then no revocation is known. `subscriber` may have other
 * listeners.
 */
export function createRevocations(redis: RedisClient, subscriber: RedisSubscriber): Revocations {
  const known = new Map<string, number>();
  const listeners: Array<() => void> = [];

  function learn(revocations: readonly Revocation[]): void {
    for (const { name, at } of revocations) known.set(name, Math.max(at, known.get(name) ?? 0));
    if (revocations.length > 0) for (const listener of listeners) listener();
  }
  async function resync(): Promise<void> {
    await writeRevocations(
      redis,
      [...known].map(([name, at]) => ({ name, at })),
    );
    await subscriber.subscribe(REVOKED_CHANNEL);
    learn(await readRevocations(redis));
  }
  subscriber.on("message", (channel: string, message: string) => {
    const heard = channel === REVOKED_CHANNEL ? parseRevocation(message) : undefined;
    if (heard) learn([heard]);
  });

  return {
    isRevoked({ user: own, tokenId, issuedAt, reads }) {
      if (known.size === 0) return false;
      if (tokenId !== undefined && known.has(revocationName({ token: tokenId }))) return true;
      // For a link's token, the conversation's owner is checked: once the owner is revoked, the link opens nothing.
      const user = reads?.user ?? own;
      // `iat` is in whole seconds, so a token issued in the same second as the revocation counts as issued before it.
      const until = Math.floor((known.get(revocationName({ user })) ?? 0) / 1000);
      return until > 0 && (issuedAt === undefined || issuedAt <= until);
    },
    async revoke(revoked) {
      const revocation = await revoke(redis, revoked);
      learn([revocation]);
      return revocation;
    },
    onChange: (listener) => void listeners.push(listener),
    resync,
    async restore() {
      if (known.size === 0 || (await hasRevocations(redis))) return false;
      await resync();
      return true;
    },
  };
}

/** Returns an authenticator that works as `authenticator` does, and also refuses revoked users and tokens. */
export function refusingRevoked(
  authenticator: Authenticator,
  revocations: Pick<Revocations, "isRevoked">,
): Authenticator {
  return {
    issue: (user) => authenticator.issue(user),
    async verify(token) {
      const identity = await authenticator.verify(token);
      if (revocations.isRevoked(identity)) throw refuse("AUTH_INVALID", { message: REVOKED });
      return identity;
    },
  };
}

export const REVOKED = "The token was revoked. Sign in again.";

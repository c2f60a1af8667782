import { hash } from "node:crypto";

/**
 * The part of key names that identifies a user. `shard`: `s00`…`sff`; which user is in which shard must never change.
 * `u`: 22 base64url characters, a hash of the user's name. Neither contains text of a client.
 */
export interface UserAddress {
  readonly shard: string;
  readonly u: string;
}
export interface ConversationAddress extends UserAddress {
  readonly c: string;
}
export interface AskAddress extends ConversationAddress {
  readonly a: string;
}

function short(...parts: string[]): string {
  // Each part is preceded by its length, so that ("ab","c") and ("a","bc") have different hashes.
  const input = parts.map((part) => `${part.length}:${part}`).join("");
  return hash("sha256", input, "base64url").slice(0, 22);
}

export function userAddress(user: string): UserAddress {
  const digest = hash("sha256", user, "buffer");
  return { shard: shardName(digest[0] ?? 0), u: digest.toString("base64url").slice(0, 22) };
}

/** Returns the address of a user of whom only the hash is known: it begins with the byte that names the shard. */
export function userOfHash(u: string): UserAddress {
  return { shard: shardName(Buffer.from(u, "base64url")[0] ?? 0), u };
}

/** Returns the part of key names under which a group of users is counted: a network or a tenant. */
export function groupAddress(kind: "network" | "tenant", name: string): UserAddress {
  const u = short(kind, name);
  return { shard: shardName(hash("sha256", u, "buffer")[0] ?? 0), u };
}

export function conversationAddress(user: string, conversation: string): ConversationAddress {
  return { ...userAddress(user), c: short("conversation", user, conversation) };
}

/**
 * Returns the address of an ask. An ask's id belongs to the user, not to a conversation: one id names one ask in all of
 * the user's conversations.
 */
export function askAddress(user: string, conversation: string, ask: string): AskAddress {
  return { ...conversationAddress(user, conversation), a: short("ask", user, ask) };
}

export function shardName(byte: number): string {
  return `s${byte.toString(16).padStart(2, "0")}`;
}

export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, byte) => shardName(byte));

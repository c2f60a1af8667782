import { createHash } from "node:crypto";

/** A user's place: `shard` is `s00`…`sff` (fixed for ever), `u` 22 base64url characters. Nothing a client wrote is in it. */
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

function digest(...parts: string[]): Buffer {
  // Length-prefixed, so that ("ab","c") and ("a","bc") differ whatever the parts hold.
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest();
}

function short(...parts: string[]): string {
  return digest(...parts)
    .toString("base64url")
    .slice(0, 22);
}

export function userAddress(user: string): UserAddress {
  const hash = createHash("sha256").update(user).digest();
  return { shard: shardName(hash[0] ?? 0), u: hash.toString("base64url").slice(0, 22) };
}

export function conversationAddress(user: string, conversation: string): ConversationAddress {
  return { ...userAddress(user), c: short("conversation", user, conversation) };
}

/** Ask ids are the user's, not the conversation's: one id names one ask in all of the user's conversations. */
export function askAddress(user: string, conversation: string, ask: string): AskAddress {
  return { ...conversationAddress(user, conversation), a: short("ask", user, ask) };
}

export function shardName(byte: number): string {
  return `s${byte.toString(16).padStart(2, "0")}`;
}

/** All 256 shards, for the sweeper. */
export const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, byte) => shardName(byte));

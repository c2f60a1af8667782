import type { AskAddress, ConversationAddress, UserAddress } from "./address.ts";

/*
 * `{sXX}` is the hash tag: all of a user's keys and channels share a slot, so that every Lua is atomic on a cluster.
 * What is shared between users (bytes, texts) has slots of its own and is never in one Lua with these.
 */

export const dueKey = (shard: string): string => `{${shard}}:due`;
export const liveKey = (user: UserAddress): string => `{${user.shard}}:${user.u}:live`;
export const conversationsKey = (user: UserAddress): string => `{${user.shard}}:${user.u}:convs`;
export const extractingKey = (user: UserAddress): string => `{${user.shard}}:${user.u}:extracting`;
export const heldKey = (user: UserAddress): string => `{${user.shard}}:${user.u}:held`;
export const uploadKey = (user: UserAddress, hash: string): string => `{${user.shard}}:${user.u}:up:${hash}`;
/** What every record's key begins with: `take` learns which ask is the head only inside its Lua. */
export const recordPrefix = (user: UserAddress): string => `{${user.shard}}:${user.u}:ask:`;
export const recordKey = (ask: AskAddress): string => recordPrefix(ask) + ask.a;
export const logKey = (conversation: ConversationAddress): string => `{${conversation.shard}}:${conversation.c}:log`;
export const mailKey = (conversation: ConversationAddress): string => `{${conversation.shard}}:${conversation.c}:mail`;
export const metaKey = (conversation: ConversationAddress): string => `{${conversation.shard}}:${conversation.c}:meta`;

export const blobKey = (ref: string): string => `blob:{${ref}}`;
/** Set when an ask named these bytes with a password: they are kept although their text may exist without one. */
export const retainKey = (ref: string): string => `retain:{${ref}}`;
export const bytesKey = (sha256: string): string => `sha:${sha256}`;
export const textKeyOf = (key: string): string => `text:${key}`;
export const waitKey = (key: string): string => `wait:${key}`;
export const passwordKey = (key: string): string => `pw:${key}`;
export const RESERVED_KEY = "{blobs}:reserved";
export const RESERVED_TOTAL_KEY = "{blobs}:total";
export const RESERVED_EXPIRY_KEY = "{blobs}:expiry";
export const SECRET_KEY = "secret:digest";
export const PROFILE_KEY = "extract:profile";
export const SWEEP_LEASE_KEY = "sweep:lease";

/** The Socket.IO room of a conversation. Never 20 characters long: the adapter takes those for socket ids. */
export const roomOf = (conversation: ConversationAddress): string => `c:{${conversation.shard}}:${conversation.c}`;
/** The adapter's channel for that room, in the slot of the conversation's keys. */
export const channelOf = (conversation: ConversationAddress): string => `socket.io#/#${roomOf(conversation)}#`;
/** Plain PUBLISH: tells workers that a running ask was cancelled. A hint; the flag in the record is the truth. */
export const CANCEL_CHANNEL = "docrelay:cancel";

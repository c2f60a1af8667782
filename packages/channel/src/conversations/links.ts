import { createHash, randomBytes } from "node:crypto";
import { userAddress } from "../redis/address.ts";
import { linkKey, linksKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";
import { publishUserHint } from "./user-hints.ts";

/** A link: the conversation that it opens for reading, and for how many more ms it is valid (`leftMs`). */
export interface Link {
  readonly user: string;
  /** When the link was made, by the clock of its edge, in ms since the epoch. */
  readonly at: number;
  readonly conversation: string;
  readonly leftMs: number;
}

const ADD = script({
  files: [CLOCK, lua(import.meta.url, "add-link.lua")],
  keys: ["links"],
  args: { digest: "text", conversation: "text", ttlMs: "number", max: "number" },
});

/** The most links that a user may have at a time. */
const MAX_LINKS = 100;
const TOKEN = /^share_[\w-]{43}$/;

/**
 * Returns the digest of a link's token; undefined when the text is not a link's token. Redis stores only the digest, so
 * reading Redis does not reveal the token that opens a link.
 */
export function linkDigest(token: string): string | undefined {
  return TOKEN.test(token) ? createHash("sha256").update(token).digest("base64url") : undefined;
}

/**
 * Makes a link to a conversation, which need not exist. `full`: the user has {@link MAX_LINKS} links; the first of them
 * to end does so in `freeInMs` ms.
 */
export async function addLink(
  store: Store,
  user: string,
  { conversation, ttlMs }: { conversation: string; ttlMs: number },
): Promise<{ kind: "added"; token: string; expiresAt: number } | { kind: "full"; freeInMs: number }> {
  const token = `share_${randomBytes(32).toString("base64url")}`;
  const digest = linkDigest(token) ?? "";
  const args = { digest, conversation, ttlMs, max: MAX_LINKS };
  // The link is stored before it is listed. If `endLinks` runs in between, the link is still listed afterwards and can
  // be ended again.
  const [, [status, at]] = await Promise.all([
    store.redis.set(linkKey(digest), JSON.stringify({ user, conversation, at: Date.now() }), "PX", ttlMs),
    run(store.redis, ADD, { keys: { links: linksKey(userAddress(user)) }, args }),
  ]);
  if (status !== "FULL") return { kind: "added", token, expiresAt: Number(at) };
  await store.redis.unlink(linkKey(digest));
  return { kind: "full", freeInMs: Number(at) };
}

/** Reads the link with this digest; undefined when the link has ended or never existed. */
export async function readLink(store: Store, digest: string): Promise<Link | undefined> {
  const key = linkKey(digest);
  const [stored, leftMs] = await Promise.all([store.redis.get(key), store.redis.pttl(key)]);
  if (stored === null || leftMs <= 0) return undefined;
  return { ...(JSON.parse(stored) as Omit<Link, "leftMs">), leftMs };
}

/** Ends a user's links to a conversation, or all links of the user, and notifies their readers. Idempotent. */
export async function endLinks(store: Store, user: string, conversation?: string): Promise<void> {
  const key = linksKey(userAddress(user));
  const all = Object.entries(await store.redis.hgetall(key));
  const ended = all.flatMap(([digest, value]) => {
    const isMeant = conversation === undefined || value.slice(value.indexOf("/") + 1) === conversation;
    return isMeant ? [digest] : [];
  });
  if (ended.length === 0) return;
  await Promise.all(ended.map((digest) => store.redis.unlink(linkKey(digest))));
  await store.redis.hdel(key, ...ended);
  await publishUserHint(store, user, { endedLinks: ended });
}

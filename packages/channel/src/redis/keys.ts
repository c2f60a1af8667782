import type { ConversationAddress, UserAddress } from "./address.ts";

/** A kind of key: its name with placeholders in angle brackets, what it holds, and when it expires. */
export interface KeyRow {
  readonly pattern: string;
  readonly holds: string;
  /**
   * `never`: the key has no time to live. Redis removes such a key when it becomes empty, as it does with all lists,
   * sets and hashes.
   */
  readonly expires: string;
}

/*
 * `{<shard>}` is a hash tag: all keys and channels of a user share a slot, so every script is atomic also on a cluster.
 * Bytes and texts are shared between users. They have slots of their own and are never in one script with a user's
 * keys.
 */
export const KEYS = {
  due: {
    pattern: "{<shard>}:due",
    holds: "sorted set: unfinished asks of the shard's users, by the time at which the sweeper checks them next",
    expires: "never",
  },
  live: {
    pattern: "{<shard>}:<u>:live",
    holds: "set: a user's unfinished asks",
    expires: "never",
  },
  conversations: {
    pattern: "{<shard>}:<u>:convs",
    holds: "sorted set: ids of a user's conversations, by the time at which they were last added",
    expires: "about an eighth of the retention after the last of these conversations",
  },
  share: {
    pattern: "{<shard>}:<u>:share",
    holds: "hash: the size of each blob that counts against `MAX_USER_BLOB_BYTES`, and the sum of these sizes",
    expires: "after the retention",
  },
  shareUntil: {
    pattern: "{<shard>}:<u>:share-until",
    holds: "sorted set: the same blobs, by the time at which they stop counting",
    expires: "after the retention",
  },
  unfinished: {
    pattern: "{<shard>}:<u>:unfinished",
    holds: "sorted set: a user's unfinished uploads, by the time at which they expire",
    expires: "after the retention",
  },
  kept: {
    pattern: "{<shard>}:<u>:kept-<budget>",
    holds:
      "hash: bytes that a user, a network or a tenant has stored, counted by the eighth of the retention in which they came; `<budget>`: `log` (questions and answers) or `files`",
    expires: "after the retention and an eighth of it",
  },
  running: {
    pattern: "{<shard>}:<u>:running",
    holds:
      "sorted set: asks of a network or a tenant, by their deadline; asks that have ended are removed only when there are too many",
    expires: "after the deadline of the last ask",
  },
  used: {
    pattern: "{<shard>}:<u>:used",
    holds: "hash: how much of the day's quotas a user, a network or a tenant has used",
    expires: "at midnight, in UTC",
  },
  extracting: {
    pattern: "{<shard>}:<u>:extracting",
    holds: "sorted set: a user's waiting extractions, by the time at which they were added",
    expires: "after 10 min",
  },
  places: {
    pattern: "{<shard>}:<u>:places",
    holds: "hash: how many connections a user has on each edge; the number of an edge without a lease does not count",
    expires: "a week after a connection was last opened or closed",
  },
  record: {
    pattern: "{<shard>}:<u>:ask:<a>",
    holds: "hash: an ask's record: state, attempt, `n` (number of the attempt's events), owner, deadline, digest",
    expires: "after the retention, once the ask has ended",
  },
  upload: {
    pattern: "{<shard>}:<u>:up:<id>",
    holds: "hash: an upload: name, size, offset, where its bytes are, its text key",
    expires: "30 s after the upload began; 10 min after a chunk; once finished, after the retention",
  },
  log: {
    pattern: "{<shard>}:<c>:log",
    holds: "stream: a conversation's reply log; its ids are `<seq>-0`",
    expires: "after the retention, once no ask is unfinished",
  },
  mail: {
    pattern: "{<shard>}:<c>:mail",
    holds: "list: a conversation's mailbox: its unfinished asks, in order",
    expires: "never",
  },
  meta: {
    pattern: "{<shard>}:<c>:meta",
    holds: "hash: a conversation's counters (newest seq, oldest kept seq, bytes), title and names of files",
    expires: "with the log",
  },
  links: {
    pattern: "{<shard>}:<u>:links",
    holds:
      "hash: for each link to a user's conversations, by the digest of its token: when it ends, and which conversation it opens",
    expires: "with the last of these links",
  },
  files: {
    pattern: "{<shard>}:<u>:files",
    holds: "sorted set: ids of a user's uploads, by the time of their last use",
    expires: "after the retention, or 10 min if that is longer",
  },
  blob: {
    pattern: "blob:{<ref>}",
    holds: "hash: a file's bytes: one field for each chunk, named by its offset; only if `BLOB_STORE` is `redis`",
    expires: "with the upload",
  },
  retain: {
    pattern: "retain:{<ref>}",
    holds:
      "a mark: an ask gave a password for these bytes, so they are kept although the extraction without a password has ended",
    expires: "after the retention",
  },
  bytes: {
    pattern: "same:<key>",
    holds: "the ref of the blob that is kept for a text key, if several uploads have the same bytes",
    expires: "after the retention",
  },
  text: {
    pattern: "text:<key>",
    holds: "hash: a text, or why the extraction failed",
    expires: "with the last upload that has this text; a failure that may not recur, after 10 min",
  },
  uses: {
    pattern: "uses:{text:<key>}",
    holds: "sorted set: users who have uploads with this text, by the time at which these uploads expire",
    expires: "after the retention",
  },
  gone: {
    pattern: "gone:{text:<key>}",
    holds: "a mark: the last user has removed this text, so an extraction that still runs must not store it",
    expires: "after 15 min",
  },
  waitList: {
    pattern: "wait:<key>",
    holds:
      "set: the text's wait list: conversations parked for it, each with the waiting ask and the index of its file",
    expires: "after the retention",
  },
  password: {
    pattern: "pw:<key>",
    holds: "a file's password; removed when the extraction has used it",
    expires: "after the ask's deadline",
  },
  reserved: {
    pattern: "{blobs}:reserved",
    holds: "hash: for each blob, how many bytes are reserved for it",
    expires: "never",
  },
  reservedTotal: {
    pattern: "{blobs}:total",
    holds: "the sum of the reserved bytes",
    expires: "never",
  },
  reservedExpiry: {
    pattern: "{blobs}:expiry",
    holds: "sorted set: blobs, by the time at which their reservation ends",
    expires: "never",
  },
  digestSecret: {
    pattern: "secret:digest",
    holds: "the secret with which digests of asks and text keys are made",
    expires: "never",
  },
  digestSecrets: {
    pattern: "secret:digest:known",
    holds: "hash: that secret, and others that edges made while Redis had lost it",
    expires: "never",
  },
  sessionSecret: {
    pattern: "secret:session",
    holds: "the secret that signs sessions, unless `SESSION_SECRET` is set",
    expires: "never",
  },
  sessionSecrets: {
    pattern: "secret:session:known",
    holds:
      "hash: that secret, and others that edges made while Redis had lost it; sessions signed with any of them are valid",
    expires: "never",
  },
  revoked: {
    pattern: "access:revoked",
    holds: "sorted set: digests of revoked users and tokens, by the time at which they were revoked",
    expires: "a year after the last of them",
  },
  quotas: {
    pattern: "quotas",
    holds: "hash: how much users, networks and tenants may use a day",
    expires: "never",
  },
  profile: {
    pattern: "extract:profile",
    holds: "the profile of the extract workers: version, engine, OCR, limits",
    expires: "never",
  },
  link: {
    pattern: "link:<digest>",
    holds: "the conversation that a link opens, and its user",
    expires: "with the link",
  },
  edge: {
    pattern: "edge:<node>",
    holds: "an edge's lease: while it exists, the edge's connections count",
    expires: "after 60 s; the edge renews it",
  },
} as const satisfies Record<string, KeyRow>;

/** The names in angle brackets of a pattern. */
type Placeholder<P extends string> = P extends `${string}<${infer Name}>${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/** Compiles a pattern into a function that fills in its placeholders. */
function fill<P extends string>(pattern: P): (values: Readonly<Record<Placeholder<P>, string>>) => string {
  // The parts alternate: literal text at even indexes, names at odd ones.
  const parts = pattern.split(/<(\w+)>/);
  return (values) => {
    let key = "";
    for (const [index, part] of parts.entries()) key += index % 2 === 0 ? part : values[part as Placeholder<P>];
    return key;
  };
}

const due = fill(KEYS.due.pattern);
export const dueKey = (shard: string): string => due({ shard });
export const liveKey = fill(KEYS.live.pattern);
export const conversationsKey = fill(KEYS.conversations.pattern);
export const keptKey = fill(KEYS.kept.pattern);
export const runningKey = fill(KEYS.running.pattern);
export const usedKey = fill(KEYS.used.pattern);
export const extractingKey = fill(KEYS.extracting.pattern);
export const shareKey = fill(KEYS.share.pattern);
export const shareUntilKey = fill(KEYS.shareUntil.pattern);
export const unfinishedKey = fill(KEYS.unfinished.pattern);
export const placesKey = fill(KEYS.places.pattern);
export const edgeKey = fill(KEYS.edge.pattern);
export const linksKey = fill(KEYS.links.pattern);
const link = fill(KEYS.link.pattern);
export const linkKey = (digest: string): string => link({ digest });
export const filesKey = fill(KEYS.files.pattern);
export const uploadKey = fill(KEYS.upload.pattern);
export const recordKey = fill(KEYS.record.pattern);
/**
 * Returns the beginning of the names of a user's record keys. `take` gets this prefix, because only its script finds
 * out which ask is the head of the mailbox.
 */
export const recordPrefix = (user: UserAddress): string => recordKey({ shard: user.shard, u: user.u, a: "" });
export const logKey = fill(KEYS.log.pattern);
export const mailKey = fill(KEYS.mail.pattern);
export const metaKey = fill(KEYS.meta.pattern);

const [blob, retain, bytes] = [fill(KEYS.blob.pattern), fill(KEYS.retain.pattern), fill(KEYS.bytes.pattern)];
export const blobKey = (ref: string): string => blob({ ref });
export const retainKey = (ref: string): string => retain({ ref });
export const bytesKey = (key: string): string => bytes({ key });

const [text, wait, password] = [fill(KEYS.text.pattern), fill(KEYS.waitList.pattern), fill(KEYS.password.pattern)];
const [uses, gone] = [fill(KEYS.uses.pattern), fill(KEYS.gone.pattern)];
// The hash tag is the whole name of the text's key, so these keys are in the same slot as the text.
export const usesKey = (key: string): string => uses({ key });
export const goneKey = (key: string): string => gone({ key });
export const textKeyOf = (key: string): string => text({ key });
export const waitKey = (key: string): string => wait({ key });
export const passwordKey = (key: string): string => password({ key });

/**
 * Returns the Socket.IO room of a conversation. Its name is longer than 20 characters, because the adapter takes a name
 * of 20 characters for a socket id.
 */
export const roomOf = (conversation: ConversationAddress): string => `c:{${conversation.shard}}:${conversation.c}`;
/** Returns the hash of the conversation whose room this is. */
export const conversationOf = (room: string): string => room.slice(room.lastIndexOf(":") + 1);
/** Returns the adapter's channel of a conversation's room, in the slot of the conversation's keys. */
export const channelOf = (conversation: ConversationAddress): string => `socket.io#/#${roomOf(conversation)}#`;
/** Returns the room of one of the adapter's channels; undefined for any other channel. */
export const roomOfChannel = (channel: string): string | undefined => /^socket\.io#\/#(c:.+)#$/.exec(channel)?.[1];
/**
 * Returns the channel of hints about the extraction of a text. `uploadChannel` returns the channel of hints about an
 * upload whose text key is not known yet.
 */
export const textChannel = (key: string): string => `hint:text:{${key}}`;
export const uploadChannel = (upload: string): string => `hint:${upload}`;
/** Returns the channel of hints for the connections of a shard's users. */
export const userChannel = (shard: string): string => `hint:users:{${shard}}`;
/** A channel of plain PUBLISH: the beats of all workers. All edges and workers receive them. */
export const BEAT_CHANNEL = "docrelay:workers";
/**
 * A channel of plain PUBLISH to workers: a running ask was cancelled. This is only a hint; the flag in the ask's record
 * decides.
 */
export const CANCEL_CHANNEL = "docrelay:cancel";
/**
 * A channel of plain PUBLISH; the message is a text key: no user has this text any more, so processes remove it from
 * memory.
 */
export const FORGET_CHANNEL = "docrelay:forget";
/**
 * A channel of plain PUBLISH to all edges; the message is the hash of a conversation that its user has deleted, with
 * its asks.
 */
export const DELETED_CHANNEL = "docrelay:deleted";

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
  due: { pattern: "{<shard>}:due", holds: "unfinished asks, by when the sweeper checks them next", expires: "never" },
  live: { pattern: "{<shard>}:<u>:live", holds: "a user's unfinished asks", expires: "never" },
  conversations: {
    pattern: "{<shard>}:<u>:convs",
    holds: "ids of a user's conversations, by when they were listed",
    expires: "an eighth of the retention after the last of them, at the latest",
  },
  share: {
    pattern: "{<shard>}:<u>:share",
    holds: "bytes that count against a user's share, by blob, and their sum",
    expires: "after the retention",
  },
  shareUntil: {
    pattern: "{<shard>}:<u>:share-until",
    holds: "these blobs by when they stop counting",
    expires: "after the retention",
  },
  unfinished: {
    pattern: "{<shard>}:<u>:unfinished",
    holds: "a user's unfinished uploads, by when they expire",
    expires: "after the retention",
  },
  kept: {
    pattern: "{<shard>}:<u>:kept-<budget>",
    holds: "bytes that a user, a network or a tenant has stored, by an eighth of the retention",
    expires: "an eighth after the retention",
  },
  running: {
    pattern: "{<shard>}:<u>:running",
    holds: "asks of a network or a tenant, by their deadline; ended ones go when there are too many",
    expires: "after the deadline of an ask",
  },
  used: {
    pattern: "{<shard>}:<u>:used",
    holds: "what a user, a network or a tenant has used of the day's quotas",
    expires: "at midnight, in UTC",
  },
  extracting: {
    pattern: "{<shard>}:<u>:extracting",
    holds: "a user's waiting extractions, by when they were added",
    expires: "after 10 min",
  },
  places: {
    pattern: "{<shard>}:<u>:places",
    holds: "how many connections a user has, by edge; void without the edge's lease",
    expires: "a week after one was opened or closed",
  },
  record: {
    pattern: "{<shard>}:<u>:ask:<a>",
    holds: "an ask's record: state, attempt, n, owner, deadline, digest",
    expires: "after the retention, once the ask has ended",
  },
  upload: {
    pattern: "{<shard>}:<u>:up:<id>",
    holds: "an upload: name, size, offset, where its bytes lie, its text's key",
    expires: "30 s after its begin, 10 min after a chunk; when finished, after the retention",
  },
  log: {
    pattern: "{<shard>}:<c>:log",
    holds: "a conversation's reply log: a stream with the ids `<seq>-0`",
    expires: "after the retention, once no ask is unfinished",
  },
  mail: {
    pattern: "{<shard>}:<c>:mail",
    holds: "a conversation's mailbox: its unfinished asks, in order",
    expires: "never",
  },
  meta: {
    pattern: "{<shard>}:<c>:meta",
    holds: "a conversation's counters (last seq, first seq kept, bytes), its title and names of files",
    expires: "with the log",
  },
  links: {
    pattern: "{<shard>}:<u>:links",
    holds: "the links to a user's conversations: digests of their tokens, with what they open and until when",
    expires: "with the last of them",
  },
  files: {
    pattern: "{<shard>}:<u>:files",
    holds: "ids of a user's uploads, by when they were used",
    expires: "after the retention, or 10 min if that is longer",
  },
  blob: {
    pattern: "blob:{<ref>}",
    holds: "bytes by their offset, without `file:` or `s3:` store",
    expires: "with the upload",
  },
  retain: {
    pattern: "retain:{<ref>}",
    holds: "a mark: an ask gave a password for these bytes, so they stay after their text without a password",
    expires: "after the retention",
  },
  bytes: { pattern: "same:<key>", holds: "which copy of the bytes of a text is kept", expires: "after the retention" },
  text: {
    pattern: "text:<key>",
    holds: "a text, or why there is none",
    expires: "after the retention; a passing failure, after 10 min",
  },
  uses: {
    pattern: "uses:{text:<key>}",
    holds: "the users who have uploads with this text, by when they expire",
    expires: "after the retention",
  },
  gone: {
    pattern: "gone:{text:<key>}",
    holds: "a mark: no user has this text any more, so the text of a running extraction is not kept",
    expires: "after 15 min",
  },
  waitList: {
    pattern: "wait:<key>",
    holds: "the wait list: conversations parked for a text, with the ask and its file",
    expires: "after the retention",
  },
  password: {
    pattern: "pw:<key>",
    holds: "a file's password, until its extraction has used it",
    expires: "after the ask's deadline",
  },
  reserved: { pattern: "{blobs}:reserved", holds: "reserved bytes by blob", expires: "never" },
  reservedTotal: { pattern: "{blobs}:total", holds: "their sum", expires: "never" },
  reservedExpiry: { pattern: "{blobs}:expiry", holds: "blobs by when their reservation ends", expires: "never" },
  digestSecret: { pattern: "secret:digest", holds: "the secret of ask digests and text keys", expires: "never" },
  digestSecrets: {
    pattern: "secret:digest:known",
    holds: "this and later ones, made while Redis had lost it",
    expires: "never",
  },
  sessionSecret: {
    pattern: "secret:session",
    holds: "the secret that signs sessions, unless one is set",
    expires: "never",
  },
  sessionSecrets: {
    pattern: "secret:session:known",
    holds: "this and later ones, whose sessions stay valid",
    expires: "never",
  },
  revoked: {
    pattern: "access:revoked",
    holds: "digests of revoked users and tokens, by when they were revoked",
    expires: "a year after the last of them",
  },
  quotas: { pattern: "quotas", holds: "what users, networks and tenants may use a day", expires: "never" },
  profile: { pattern: "extract:profile", holds: "how the extract workers extract", expires: "never" },
  link: { pattern: "link:<digest>", holds: "which conversation a link opens", expires: "with the link" },
  edge: { pattern: "edge:<node>", holds: "an edge's lease", expires: "after 60 s, renewed by the edge" },
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
 * The beginning of the names of a user's record keys. `take` needs it: only its script finds out which ask is the head.
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
 * The Socket.IO room of a conversation. Its name never has 20 characters, because the adapter takes such a name for a
 * socket id.
 */
export const roomOf = (conversation: ConversationAddress): string => `c:{${conversation.shard}}:${conversation.c}`;
/** The hash of the conversation whose room this is. */
export const conversationOf = (room: string): string => room.slice(room.lastIndexOf(":") + 1);
/** The adapter's channel of a conversation's room, in the slot of the conversation's keys. */
export const channelOf = (conversation: ConversationAddress): string => `socket.io#/#${roomOf(conversation)}#`;
/** The room of one of the adapter's channels; undefined for any other channel. */
export const roomOfChannel = (channel: string): string | undefined => /^socket\.io#\/#(c:.+)#$/.exec(channel)?.[1];
/** The channels of hints about the extraction of a text, and about an upload whose text is not known yet. */
export const textChannel = (key: string): string => `hint:text:{${key}}`;
export const uploadChannel = (upload: string): string => `hint:${upload}`;
/** The channel of hints for the connections of a shard's users. */
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

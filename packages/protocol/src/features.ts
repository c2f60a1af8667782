/** The feature of servers that can share conversations by links. */
export const SHARE_FEATURE = "conversation:share";

/**
 * What a server of this version can do that the first release of protocol 1 could not; sent in `welcome.features`. Each
 * addition has one word. A client looks for the word before it uses the addition, because an older server would not
 * know it. A word that was released is never removed and never changes its meaning.
 */
export const FEATURES: readonly string[] = [
  "accepted.files.upload",
  "upload:status",
  "ask.replaces",
  "ask.traceparent",
  "conversations",
  /** The server accepts the field `holes` of `conversation:open`. */
  "open.holes",
  "feedback",
  /** This word is sent only if the server has `SHARE_TTL_MS` set. */
  SHARE_FEATURE,
  "openai:chat",
  "openai:responses",
];

/** Conversations can be shared by links that end. */
export const SHARE_FEATURE = "conversation:share";

/**
 * What a server of this version has beyond the first release of protocol 1, sent in `welcome.features`. A client reads it
 * before it uses something that an older server of the same protocol version does not know. One word for each addition,
 * one line each; a word that was released is never removed and never gets another meaning.
 */
export const FEATURES: readonly string[] = [
  "accepted.files.upload",
  "upload:status",
  "ask.replaces",
  "ask.traceparent",
  "conversations",
  /** `conversation:open` knows `holes`. */
  "open.holes",
  "feedback",
  /** Only where `SHARE_TTL_MS` is set. */
  SHARE_FEATURE,
  "openai:chat",
  "openai:responses",
];

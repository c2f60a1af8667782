/** Conversations can be shared by links that expire or can be ended. */
export const SHARE_FEATURE = "conversation:share";

/**
 * What a server of this version can do beyond the first release of protocol 1; sent in `welcome.features`. A client
 * checks it before it uses an addition that an older server of the same protocol version does not know. One word for
 * each addition, one line each; a released word is never removed and never changes its meaning.
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
  /** Present only where `SHARE_TTL_MS` is set. */
  SHARE_FEATURE,
  "openai:chat",
  "openai:responses",
];

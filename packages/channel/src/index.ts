export { askAddress, conversationAddress, userAddress } from "./address.ts";
export type { AskAddress, ConversationAddress, UserAddress } from "./address.ts";
export { CANCEL_CHANNEL, channelOf, roomOf } from "./keys.ts";
export { ChannelError, loadScripts, newNonce, newOwner, SUPPORTED_RECORD_VERSION, type Store } from "./store.ts";
export { decodeFrame } from "./frame.ts";
export * from "./accept.ts";
export {
  append,
  begin,
  handBack,
  MOST_TAKEN,
  park,
  renew,
  take,
  type Ended,
  type Taken,
  type TakenAsk,
} from "./turn.ts";
export * from "./peek.ts";
export * from "./finish.ts";
export * from "./cancel.ts";
export * from "./sweep.ts";
export * from "./reply-log.ts";
export * from "./progress.ts";
export * from "./fan-out.ts";
export {
  awaitTexts,
  dropPassword,
  endExtraction,
  peekWaiting,
  queueExtraction,
  readPassword,
  readProfile,
  readSecret,
  readText,
  setPassword,
  setProfile,
  stopWaiting,
  takeWaiting,
  textKey,
  textState,
  writeText,
  type StoredText,
} from "./text-store.ts";
export { createBlobStore, IDLE_UPLOAD_MS, newRef, type BlobStore } from "./blob-store.ts";
export * from "./upload.ts";

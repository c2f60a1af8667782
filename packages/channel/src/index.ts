export { askAddress, conversationAddress, userAddress } from "./redis/address.ts";
export type { AskAddress, ConversationAddress, UserAddress } from "./redis/address.ts";
export { CANCEL_CHANNEL, channelOf, roomOf } from "./redis/keys.ts";
export { ChannelError, loadScripts, newNonce, newOwner, SUPPORTED_RECORD_VERSION, type Store } from "./redis/store.ts";
export { decodeFrame } from "./log/frame.ts";
export * from "./ask/accept.ts";
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
} from "./ask/turn.ts";
export * from "./ask/peek.ts";
export * from "./ask/finish.ts";
export * from "./ask/cancel.ts";
export * from "./ask/sweep.ts";
export * from "./log/reply-log.ts";
export * from "./log/progress.ts";
export * from "./log/fan-out.ts";
export {
  awaitTexts,
  canChange,
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
} from "./texts/text-store.ts";
export { IDLE_UPLOAD_MS, newRef, type BlobStore } from "./uploads/blob-store.ts";
export { createBlobStore, prepareBlobStore } from "./uploads/open-blob-store.ts";
export * from "./uploads/upload.ts";

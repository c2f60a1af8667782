export { onBack, type RedisClient, type RedisSubscriber } from "./redis/client.ts";
export { askAddress, conversationAddress, userAddress } from "./redis/address.ts";
export type { AskAddress, ConversationAddress, UserAddress } from "./redis/address.ts";
export {
  BEAT_CHANNEL,
  CANCEL_CHANNEL,
  channelOf,
  DELETED_CHANNEL,
  FORGET_CHANNEL,
  KEYS,
  roomOf,
  roomOfChannel,
  type KeyRow,
} from "./redis/keys.ts";
export { openSelfTest, testRedis, type SelfTest } from "./redis/self-test.ts";
export type { RedisRole } from "./redis/rights.ts";
export { loadScripts } from "./redis/script.ts";
export {
  ChannelError,
  newNonce,
  newOwner,
  newWorkerName,
  SUPPORTED_RECORD_VERSION,
  workerOf,
  type Store,
} from "./redis/store.ts";

export { createSealing, type Sealing } from "./sealing/sealing.ts";

export { accept, askDigest, foreseeRefusal, hasAsk, type Accepted, type AcceptInput } from "./ask/accept.ts";
export { cancel, cancelAt, parseCancelled, type Cancelled } from "./ask/cancel.ts";
export {
  addressOfAsk,
  askKey,
  lastEnds,
  lifeOfAsk,
  readAskKey,
  unfinishedAsks,
  unfinishedAsksOf,
  type AskFacts,
} from "./ask/look.ts";
export { giveFeedback, MAX_FEEDBACK } from "./ask/feedback.ts";
export { deleteConversation, renameConversation, type DeletedConversation } from "./ask/delete-conversation.ts";
export { findAsk, hideAsk } from "./ask/find.ts";
export { arrived, finish, type Arrived, type Ending } from "./ask/finish.ts";
export type { AskBody, AskFile, CheckedAsk, ExtractionGroups, TakenAsk } from "./ask/record.ts";
export { checkAsk, countUnfinished, dueAsks, runningAsks, type Checked } from "./ask/sweep.ts";
export {
  append,
  begin,
  confirm,
  handBack,
  MAX_TAKEN,
  park,
  spare,
  take,
  type Ended,
  type Taken,
  type TakeFrom,
} from "./ask/turn.ts";

export { createReplicas, openReplicas, type Replicas } from "./redis/replicas.ts";
export { createBell, hearBeats, isListening, publishBeat, type Bell } from "./bell/bell.ts";
export { bellChannel, bellChannels, parseBell, type BellMessage } from "./bell/message.ts";
export { BEAT_MS, createRoster, type Beat, type Roster } from "./bell/roster.ts";

export { conversationIds, forgetUser } from "./conversations/forget-user.ts";
export { keptConversations, listConversations, MAX_LISTED } from "./conversations/list.ts";
export { addLink, endLinks, linkDigest, readLink, type Link } from "./conversations/links.ts";
export { createUserHints, hintsOfUsers, publishUserHint, type UserHint } from "./conversations/user-hints.ts";

export { createFanOut, type FanOut, type Listener } from "./log/fan-out.ts";
export { decodeFrame, isSealed, parseFrame, type Frame } from "./log/frame.ts";
export { pastAsks, type PastAsk } from "./ask/past-asks.ts";
export { publishProgress } from "./log/progress.ts";
export { hasLog, openLog, positionAt, type OpenedLog } from "./log/reply-log.ts";

export { FIRST_CHUNK_MS, IDLE_UPLOAD_MS, newRef, type BlobStore } from "./bytes/blob-store.ts";
export { createBlobStore, prepareBlobStore } from "./bytes/open-blob-store.ts";
export type { S3Place } from "./bytes/s3-client.ts";
export {
  areRetained,
  claimBytes,
  confirmBytes,
  disclaimBytes,
  growRoom,
  releaseBytes,
  releaseUnclaimed,
  renewBytes,
  renewUnconfirmed,
  reserveBytes,
  keepBytes,
  retainBytes,
  sweepBytes,
  type ByteShares,
} from "./bytes/reservation.ts";
export {
  forgetHidden,
  forgetUnnamed,
  forgetUpload,
  forgetUploads,
  forgetUploadsOf,
  ownUploads,
  type ForgetDeps,
  type Forgotten,
  type OwnUpload,
} from "./uploads/forget-uploads.ts";
export { dropForgotten, isForgotten, lastTextUser, useText } from "./texts/text-users.ts";
export { createHints, hintsOfText, hintsOfUpload, publishHint, type Hint } from "./uploads/hints.ts";
export type { Listening } from "./redis/listening.ts";
export {
  advanceUpload,
  beginUpload,
  dropUpload,
  finishUpload,
  keepUpload,
  readUpload,
  renewUpload,
  roomFor,
  storeChunk,
  type Advanced,
  type BegunUpload,
  type UploadShares,
  type UploadState,
} from "./uploads/upload.ts";
export {
  awaitTexts,
  canChange,
  dropPassword,
  endExtraction,
  forgetBusy,
  peekWaiting,
  queueExtraction,
  readOutcome,
  readPassword,
  readText,
  setPassword,
  stopWaiting,
  takeWaiting,
  textKey,
  textState,
  TOO_BUSY_TO_READ,
  writeText,
  type Outcome,
  type StoredText,
} from "./texts/text-store.ts";

export {
  hasRevocations,
  parseRevocation,
  readRevocations,
  REVOKED_CHANNEL,
  revocationName,
  revoke,
  writeRevocations,
  type Revocation,
  type Revoked,
} from "./deployment/revocations.ts";
export { readProfile, readSecret, restoreProfile, setProfile } from "./deployment/settings.ts";
export { shareSecret, type SharedSecret } from "./deployment/shared-secret.ts";
export { beginEdgeLease, claimPlaces, endEdgeLease, renewEdgeLease } from "./places/places.ts";
export { countUsed, DAY_COUNTS, readUsed, type DayCount, type Used } from "./usage/day.ts";
export {
  parseQuota,
  pauseIntake,
  parseQuotaField,
  quotaField,
  quotaFieldOfAll,
  readQuotas,
  UNBOUNDED,
  writeQuota,
  type QuotaField,
  type Quotas,
} from "./usage/quotas.ts";
export { accountAddress, chargeBytes, countAsks, MAX_COUNTED, type Account, type Budget } from "./usage/usage.ts";

export { connect, type ConnectOptions, type Relay } from "./connect.ts";
export type { Conversation } from "./conversation.ts";
export type { Conversations, ConversationsPage } from "./conversations.ts";
export type { Answer, AnswerState, AskOptions } from "./asking/answer.ts";
export type { AskFile } from "./asking/draft.ts";
export { isOver, type AskProgress, type Turn, type TurnFile, type TurnState } from "./turns/turn.ts";
export type { Accepted } from "./asking/entry.ts";
export { newId } from "./id.ts";
export type { Listener } from "./follower.ts";
export type { RelayState } from "./link/relay-state.ts";
export { RelayError, type ClientErrorCode, type RelayFault } from "./wire/relay-error.ts";
export { browserStorage, memoryStorage, type Storage } from "./storage.ts";
export type { DownloadOptions, UploadPart } from "./uploads/download.ts";
export type { UploadText, UploadTexts } from "./uploads/upload-text.ts";
export type { FileInput, UploadOptions } from "./uploads/upload.ts";
export type {
  ConversationsHint,
  DayUse,
  Event,
  Limits,
  ListedConversation,
  Progress,
  Shared,
  UploadStatus,
  Usage,
} from "./wire/contract.ts";

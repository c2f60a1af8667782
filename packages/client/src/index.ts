export { connect, type ConnectOptions, type Relay } from "./connect.ts";
export type { Conversation } from "./conversation.ts";
export type { Accepted, Answer, AskOptions, AskProgress } from "./answer.ts";
export type { Listener } from "./follower.ts";
export type { RelayState } from "./link.ts";
export { RelayError } from "./relay-error.ts";
export { memoryStorage, type Storage } from "./storage.ts";
export type { FileInput, UploadOptions } from "./upload.ts";
export type { Event, Limits, Progress } from "@docrelay/protocol";

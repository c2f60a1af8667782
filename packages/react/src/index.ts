export { RelayProvider, type RelayProviderProps } from "./relay-provider.ts";
export { useConversation, useConversations, useRelay, useUpload, type Uploads } from "./hooks.ts";
export type { ConversationStatus, ConversationView } from "./conversation-store.ts";
export type { ConversationsView } from "./conversations-store.ts";
export type { RelayView } from "./relay-hub.ts";
export type { ChosenFile } from "./upload-store.ts";

export { docrelayTransport, type DocrelayTransportOptions } from "./transport.ts";
export { useDocrelayChat } from "./use-docrelay-chat.ts";
export { fileRef, toUIMessages, type DocrelayMessage, type DocrelayMetadata, type Extracted } from "./messages.ts";

import type { Limits } from "@docrelay/protocol";
import { createAcceptAsk, type AcceptAsk } from "./asks/accept-ask.ts";
import { createCancelAsk, type CancelAsk } from "./asks/cancel-ask.ts";
import type { Config } from "./config.ts";
import { createOpenConversation, type OpenConversation } from "./conversation/open-conversation.ts";
import { createOwnConversations, type OwnConversations } from "./conversation/own-conversations.ts";
import { createOpenQueue, type OpenQueue } from "./conversation/open-queue.ts";
import { createRateLimiter } from "./limits/rate-limit.ts";
import type { Resources } from "./resources.ts";
import { createUploadQueue, type UploadQueue } from "./uploads/upload-queue.ts";
import { createUploadWatch, type UploadWatch } from "./uploads/upload-watch.ts";
import { createUploads, type Uploads } from "./uploads/uploads.ts";

/** What clients may do, whichever endpoint they use. */
export interface Asking {
  readonly limits: Limits;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly openConversation: OpenConversation;
  readonly conversations: OwnConversations;
  readonly openQueue: OpenQueue;
  readonly uploads: Uploads;
  readonly uploadQueue: UploadQueue;
  readonly uploadWatch: UploadWatch;
}

/** The byte bound lets eight logs of the largest size be read at once, which keeps one core busy. */
const OPENS = { maxBytes: 4_194_304, maxPerUser: 256, maxWaiting: 20_000, waitMs: 8000 };
const UPLOADS = { maxUnstoredBytes: 4_194_304, maxChunksPerUpload: 8, waitMs: 10_000 };
const DEFAULT_BURST_SECONDS = 4;

type Needed = "store" | "blobs" | "producer" | "hints" | "bell" | "sharedSettings" | "queueGate" | "onTrouble";

export function createAsking(config: Config, resources: Pick<Resources, Needed>): Asking {
  const { store, blobs, producer, hints, bell, sharedSettings, queueGate, onTrouble } = resources;
  const limits = limitsOf(config);
  const openQueue = createOpenQueue({ ...OPENS, atOnce: config.OPENS_AT_ONCE });
  const uploadQueue = createUploadQueue({ ...UPLOADS, atOnce: config.UPLOADS_AT_ONCE });
  const uploads = createUploads({
    store,
    blobs,
    producer,
    sharedSettings,
    uploadQueue,
    limits,
    maxUserBytes: config.MAX_USER_BLOB_BYTES,
    maxBytes: config.MAX_BLOB_BYTES,
    onTrouble,
  });
  const conversations = createOwnConversations({ store, onTrouble });
  const acceptAsk = createAcceptAsk({
    store,
    blobs,
    producer,
    bell,
    sharedSettings,
    uploads,
    queueGate,
    conversations,
    askRate: createRateLimiter({
      perSecond: config.ASKS_PER_SECOND,
      burst: config.ASKS_BURST || config.ASKS_PER_SECOND * DEFAULT_BURST_SECONDS,
    }),
    limits,
    onTrouble,
  });
  return {
    limits,
    acceptAsk,
    cancelAsk: createCancelAsk({ store, bell, onTrouble }),
    openConversation: createOpenConversation({ store, openQueue }),
    openQueue,
    conversations,
    uploads,
    uploadQueue,
    uploadWatch: createUploadWatch({ store, blobs, producer, hints, onTrouble }),
  };
}

function limitsOf(config: Config): Limits {
  return {
    messageChars: config.MAX_MESSAGE_CHARS,
    inlineFileBytes: config.MAX_INLINE_BYTES,
    fileBytes: config.MAX_FILE_BYTES,
    filesPerAsk: config.MAX_FILES_PER_ASK,
    chunkBytes: config.CHUNK_BYTES,
    pagesPerFile: config.MAX_PAGES,
    asksInFlight: config.MAX_ASKS_IN_FLIGHT,
  };
}

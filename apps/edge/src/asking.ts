import type { Limits } from "@docrelay/protocol";
import { createAcceptAsk, type AcceptAsk } from "./asks/accept-ask.ts";
import { createCancelAsk, type CancelAsk } from "./asks/cancel-ask.ts";
import type { Config } from "./config.ts";
import { createOpenConversation, type OpenConversation } from "./conversation/open-conversation.ts";
import { createOwnConversations, type OwnConversations } from "./conversation/own-conversations.ts";
import { createOpenQueue, type OpenQueue } from "./conversation/open-queue.ts";
import type { Networks } from "./limits/networks.ts";
import { createQuotas, type Quotas } from "./quotas/quotas.ts";
import { createUsage, type GroupLimits, type Usage } from "./limits/usage.ts";
import { createRateLimiter, type Rate, type RateLimiter } from "./limits/rate-limit.ts";
import type { Resources } from "./resources.ts";
import { createOwnData, type OwnData } from "./own-data/own-data.ts";
import { createOwnFiles, type OwnFiles } from "./uploads/own-files.ts";
import { createShares, type Shares } from "./sharing/shares.ts";
import { createUploadQueue, type UploadQueue } from "./uploads/upload-queue.ts";
import { createUploadWatch, type UploadWatch } from "./uploads/upload-watch.ts";
import { createUploads, MAX_UNFINISHED, type Uploads, type UploadsDeps } from "./uploads/uploads.ts";

/** The parts that carry out the operations of clients. All endpoints share them. */
export interface Asking {
  readonly limits: Limits;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly openConversation: OpenConversation;
  readonly conversations: OwnConversations;
  readonly shares: Shares;
  readonly ownFiles: OwnFiles;
  readonly ownData: OwnData;
  readonly quotas: Quotas;
  readonly openQueue: OpenQueue;
  readonly uploads: Uploads;
  readonly uploadQueue: UploadQueue;
  readonly uploadWatch: UploadWatch;
}

/**
 * Bounds for reading conversations' logs: `maxBytes` lets eight reads of the largest size (`OPEN_MAX_BYTES`) run at
 * once, which is enough to keep one core busy.
 */
const OPENS = { maxBytes: 4_194_304, maxPerUser: 256, maxWaiting: 20_000, waitMs: 8000 };
const UPLOADS = { maxUnstoredBytes: 4_194_304, maxChunksPerUpload: 8, waitMs: 10_000 };
const DEFAULT_BURST_SECONDS = 4;
/**
 * The files that one network, or one tenant, sends within `RETENTION_MS` may have at most this share of
 * `MAX_BLOB_BYTES`.
 */
const GROUP_PART = 0.5;

type Needed =
  | "store"
  | "blobs"
  | "producer"
  | "hints"
  | "bell"
  | "sharedSettings"
  | "queueGate"
  | "memoryGate"
  | "byNetwork"
  | "byTenant"
  | "quotaSettings"
  | "tracing"
  | "acknowledged"
  | "onTrouble";

export function createAsking(config: Config, resources: Pick<Resources, Needed>): Asking {
  const { store, blobs, producer, hints, bell, sharedSettings, queueGate, memoryGate, onTrouble } = resources;
  const usage = openUsage(config, resources);
  const quotas = createQuotas({
    store,
    settings: resources.quotaSettings,
    networks: resources.byNetwork.networks,
    tenants: resources.byTenant.tenants,
    onTrouble,
  });
  const limits = limitsOf(config);
  const openQueue = createOpenQueue({ ...OPENS, atOnce: config.OPENS_AT_ONCE });
  const uploadQueue = createUploadQueue({ ...UPLOADS, atOnce: config.UPLOADS_AT_ONCE });
  const uploads = openUploads(config, resources, { uploadQueue, limits, usage, quotas });
  const extraction = { store, blobs, producer, quotas, networks: countedNetworks(resources) };
  const ownFiles = createOwnFiles({ ...extraction, onTrouble });
  const conversations = createOwnConversations({ store, ownFiles, onTrouble });
  const acceptAsk = createAcceptAsk({
    store,
    blobs,
    producer,
    bell,
    sharedSettings,
    uploads,
    queueGate,
    networks: countedNetworks(resources),
    conversations,
    memoryGate,
    usage,
    quotas,
    askRate: createRateLimiter(askRateOf(config)),
    limits,
    tracing: resources.tracing,
    acknowledged: resources.acknowledged,
    onTrouble,
  });
  const openConversation = createOpenConversation({ store, openQueue });
  return {
    limits,
    acceptAsk,
    cancelAsk: createCancelAsk({ store, bell, onTrouble }),
    openConversation,
    openQueue,
    conversations,
    shares: createShares(store, config.SHARE_TTL_MS),
    ownFiles,
    ownData: createOwnData({ store, blobs, openConversation, conversations, ownFiles, quotas, onTrouble }),
    quotas,
    uploads,
    uploadQueue,
    uploadWatch: createUploadWatch({ store, blobs, producer, quotas, hints, onTrouble }),
  };
}

function openUploads(
  config: Config,
  resources: Pick<Resources, Needed>,
  own: Pick<UploadsDeps, "uploadQueue" | "limits" | "usage" | "quotas">,
): Uploads {
  const { store, blobs, producer, sharedSettings, memoryGate, onTrouble } = resources;
  return createUploads({
    ...own,
    store,
    blobs,
    producer,
    sharedSettings,
    maxUserBytes: config.MAX_USER_BLOB_BYTES,
    maxBytes: config.MAX_BLOB_BYTES,
    networks: countedNetworks(resources),
    memoryGate,
    onTrouble,
  });
}

/** Returns the networks of users; undefined if `USERS_PER_ADDRESS` is 0. */
export function countedNetworks({ byNetwork }: Pick<Resources, "byNetwork">): Networks | undefined {
  return byNetwork.connections && byNetwork.networks;
}

/**
 * How many files a network or a tenant may send to one edge, by uploads or inside asks, for each user that it counts as
 * (`USERS_PER_ADDRESS`, `USERS_PER_TENANT`).
 */
const FILE_RATE: Rate = { perSecond: 1, burst: 100 };
/**
 * For how many files of a network or a tenant one edge may cause extractions, for each user that the group counts as
 * (`USERS_PER_ADDRESS`, `USERS_PER_TENANT`).
 */
const EXTRACT_RATE: Rate = { perSecond: 1, burst: 10 };

function askRateOf({ ASKS_PER_SECOND: perSecond, ASKS_BURST: burst }: Config): Rate {
  return { perSecond, burst: burst || perSecond * DEFAULT_BURST_SECONDS };
}

function openUsage(config: Config, { store, byNetwork, byTenant, onTrouble }: Pick<Resources, Needed>): Usage {
  /** Returns the limits of a group that may use as much as `users` single users together. */
  const group = (users: number): Omit<GroupLimits, "kind" | "members"> => {
    const ofAll = ({ perSecond, burst }: Rate): RateLimiter =>
      createRateLimiter({ perSecond: users * perSecond, burst: users * burst });
    return {
      askRate: ofAll(askRateOf(config)),
      fileRate: ofAll(FILE_RATE),
      extractRate: ofAll(EXTRACT_RATE),
      maxLogBytes: users * config.MAX_USER_LOG_BYTES,
      maxFileBytes: Math.min(users * config.MAX_USER_BLOB_BYTES, config.MAX_BLOB_BYTES * GROUP_PART),
      maxRunning: users * config.MAX_ASKS_IN_FLIGHT,
      maxUploads: users * MAX_UNFINISHED,
    };
  };
  const { USERS_PER_ADDRESS: ofAddress, USERS_PER_TENANT: ofTenant } = config;
  return createUsage({
    store,
    groups: [
      ...(ofAddress > 0 ? [{ kind: "network", members: byNetwork.networks, ...group(ofAddress) } as const] : []),
      ...(ofTenant > 0 ? [{ kind: "tenant", members: byTenant.tenants, ...group(ofTenant) } as const] : []),
    ],
    maxLogBytes: config.MAX_USER_LOG_BYTES,
    onAsked: byTenant.tenants.asked,
    onTrouble,
  });
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

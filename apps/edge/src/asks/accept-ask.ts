import {
  accept,
  askAddress,
  askDigest,
  conversationAddress,
  foreseeRefusal,
  hasAsk,
  newNonce,
  type Accepted,
  type AskBody,
  type Bell,
  type Store,
} from "@docrelay/channel";
import type { Tracing } from "@docrelay/platform";
import { checkMessage, refuse, type Limits } from "@docrelay/protocol";
import type { OwnConversations } from "../conversation/own-conversations.ts";
import type { MemoryGate } from "../limits/memory-gate.ts";
import type { QueueGate } from "../limits/queue-gate.ts";
import type { RateLimiter } from "../limits/rate-limit.ts";
import type { Usage } from "../limits/usage.ts";
import { dayQuotaExceeded, type Quotas } from "../quotas/quotas.ts";
import { extractionGroups, orderText } from "../uploads/extraction.ts";
import type { Acknowledged } from "./acknowledged.ts";
import {
  checkFiles,
  digestPart,
  digestParts,
  prepareFiles,
  type AskFileInput,
  type FileDeps,
  type PreparedFile,
} from "./ask-files.ts";
import { beginAskTrace } from "./ask-trace.ts";

export interface AskInput {
  readonly user: string;
  readonly conversation: string;
  readonly id: string;
  readonly message: string;
  readonly files: readonly AskFileInput[];
  readonly origin: "socket" | "plain";
  /** The id of an earlier ask of the same conversation, which this ask replaces. */
  readonly replaces?: string | undefined;
  /** The field `unique_id` of the plain frame that carried the ask. */
  readonly uniqueId?: string;
  /** The W3C `traceparent` that the client sent with the ask. */
  readonly traceparent?: string | undefined;
  /**
   * The name of the connection that sent the ask. If the ask begins a conversation, all other connections of the user
   * get a hint.
   */
  readonly from?: string;
}

/**
 * Checks an ask, stores the bytes of its files, accepts it durably and rings the conversation's bell. Idempotent by
 * user and id: for an ask sent again, returns the stored seq and `duplicate: true`. `maxInlineBytes` bounds the bytes
 * of the files that are in the ask itself.
 * @throws Refusal; an ioredis error means that the outcome is unknown, and the same id may be sent again.
 */
export type AcceptAsk = (
  input: AskInput,
  options?: { maxInlineBytes?: number },
) => Promise<{ seq: number; duplicate: boolean }>;

export interface AskDeps extends FileDeps {
  readonly bell: Bell;
  readonly queueGate: QueueGate;
  readonly conversations: Pick<OwnConversations, "added">;
  readonly memoryGate: Pick<MemoryGate, "full">;
  readonly usage: Usage;
  readonly quotas: Pick<Quotas, "asks" | "asked" | "stored" | "overByFile" | "chargedFor" | "isPaused">;
  /** Limits how often one user may ask on this edge. */
  readonly askRate: RateLimiter;
  readonly limits: Limits;
  readonly tracing: Tracing | undefined;
  readonly acknowledged: Pick<Acknowledged, "add">;
  /**
   * Receives an error of ringing the bell or of queueing an extraction. The sweeper makes up for both within about a
   * second.
   */
  onTrouble(error: unknown): void;
}

type NewAsk = Extract<Accepted, { kind: "accepted" }>;

const FULL_RETRY_MS = 5000;

export function createAcceptAsk(deps: AskDeps): AcceptAsk {
  const { limits } = deps;

  return async function acceptAsk(input, { maxInlineBytes = limits.inlineFileBytes } = {}) {
    // Asks that are refused here begin no trace: a flood of them would take the places of the traces that are kept.
    await checkAsk(deps, input, maxInlineBytes);
    const trace = beginAskTrace(deps.tracing, input);
    try {
      const accepted = await acceptTraced(deps, input, trace.stored);
      trace.accepted(accepted.duplicate);
      return accepted;
    } catch (error) {
      trace.refused(error);
      throw error;
    }
  };
}

async function acceptTraced(
  deps: AskDeps,
  input: AskInput,
  trace: string,
): Promise<{ seq: number; duplicate: boolean }> {
  const { store, quotas } = deps;
  const { user, conversation, id, message } = input;
  const intake = readIntake(deps);
  const { maxInFlight } = intake;
  const hasFiles = input.files.length > 0;
  if (hasFiles) await refuseEarly(deps, input, intake);

  const { maxAsks, over } = await quotas.asks(user);
  const isOver = over ?? (await overByInline(deps, input));
  // An ask that was accepted before the quota was used up is not refused when it is sent again.
  if (isOver && hasFiles && (await isNew(store, input))) throw dayQuotaExceeded(isOver);

  if (hasFiles) await checkNewFiles(deps, input);
  const isKnown = intake.isFull || isOver !== undefined;
  const files = await prepareFiles(deps, input, isKnown);
  const secret = await deps.sharedSettings.secret();
  const accepting = accept(store, {
    user,
    conversation,
    id,
    body: bodyOf(deps, input, files),
    replaces: input.replaces,
    digest: askDigest(secret, { conversation, message, files: files.map(digestPart), replaces: input.replaces }),
    trace,
    nonce: newNonce(),
    maxInFlight,
    maxAsks,
    kept: deps.usage.keptOf(Buffer.byteLength(message)),
  });
  // Without files the ask and its bell go to Redis in one write, the ask first, so that the ask is stored before a
  // worker hears the bell. If the ask is refused, its bell does no harm. With `DURABILITY=replicated` the ask is
  // written over another connection than the bell, so the bell might come first. It is then rung only after the
  // acceptance.
  const woken = !hasFiles && !intake.isFull && !store.replicas ? wake(deps, input, { files, trace }) : undefined;
  const accepted = await accepting;
  if (accepted.kind === "quota") {
    const own = { account: { kind: "user", name: user }, count: "asks", most: maxAsks ?? 0 } as const;
    throw dayQuotaExceeded(over ?? { ...own, endsInMs: accepted.freeInMs });
  }
  if (accepted.kind === "busy") throw busy(intake, id);
  if (accepted.kind !== "accepted") throw refusalOf(accepted.kind, id);
  deps.acknowledged.add({ user, conversation, id, trace });
  if (!accepted.duplicate) countAccepted(deps, input, accepted);
  await (woken ?? wake(deps, input, { files, trace }));
  return { seq: accepted.seq, duplicate: accepted.duplicate };
}

/** Refuses an ask that `accept` would refuse, before its files are stored. @throws Refusal */
async function refuseEarly(deps: AskDeps, input: AskInput, intake: Intake): Promise<void> {
  const { user, conversation, id, message, replaces } = input;
  const refused = await foreseeRefusal(
    deps.store,
    { user, conversation, id, replaces, maxInFlight: intake.maxInFlight },
    async () => {
      const files = await digestParts(deps, user, input.files);
      return files && askDigest(await deps.sharedSettings.secret(), { conversation, message, files, replaces });
    },
  );
  if (refused === "busy") throw busy(intake, id);
  if (refused) throw refusalOf(refused, id);
}

/**
 * Checks the rates and bounds of an ask, its message and its files; for nearly all asks without a request to Redis.
 * @throws Refusal; ioredis errors
 */
async function checkAsk(
  { askRate, usage, limits }: AskDeps,
  { user, message, files }: AskInput,
  maxInlineBytes: number,
): Promise<void> {
  const waitMs = askRate.take(user, performance.now());
  if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  await usage.checkAsk(user, Buffer.byteLength(message));
  checkMessage(message, limits, files.length > 0);
  checkFiles(files, limits, maxInlineBytes);
}

/**
 * Checks the rates of files and extractions for all files of the ask at once, so that nothing of a refused ask is
 * stored. An ask that was accepted before is not refused when it is sent again. @throws Refusal
 */
async function checkNewFiles({ usage, store }: AskDeps, input: AskInput): Promise<void> {
  const { user, files } = input;
  const inline = files.filter((file) => !("upload" in file)).length;
  // An uploaded file was extracted when its last byte came; with a password it has another text, so it is extracted
  // again.
  const extracted = files.filter((file) => !("upload" in file) || file.password !== undefined).length;
  try {
    if (inline > 0) usage.checkFiles(user, inline);
    if (extracted > 0) usage.checkExtractions(user, extracted);
  } catch (error) {
    if (await isNew(store, input)) throw error;
  }
}

/** Whether new asks are accepted now, and if not, the reason. */
interface Intake {
  readonly isFull: boolean;
  /**
   * The most unfinished asks of a user. While `isFull` it is 0: then `accept` refuses a new ask, and still acknowledges
   * an ask that it accepted before.
   */
  readonly maxInFlight: number;
  readonly why: { readonly retryAfterMs: number; readonly reason?: "paused" | "memory" };
}

/** The intake is full while too many asks are unfinished, Redis is short of memory, or operators have paused it. */
function readIntake({ queueGate, memoryGate, quotas, limits }: AskDeps): Intake {
  const isFull = queueGate.full || memoryGate.full || quotas.isPaused;
  const reason = quotas.isPaused ? "paused" : memoryGate.full ? "memory" : undefined;
  const why: Intake["why"] = reason ? { retryAfterMs: FULL_RETRY_MS, reason } : { retryAfterMs: 1000 };
  return { isFull, maxInFlight: isFull ? 0 : limits.asksInFlight, why };
}

function busy({ why }: Intake, ask: string): Error {
  return refuse("BUSY", { ...why, ask });
}

function refusalOf(kind: "not-replaceable" | "conflict", ask: string): Error {
  if (kind === "conflict") return refuse("ASK_CONFLICT", { ask });
  const message = "The conversation has no ask that this one could replace.";
  return refuse("NOT_FOUND", { ask, reason: "replaces", message });
}

function bodyOf(deps: AskDeps, input: AskInput, files: readonly PreparedFile[]): AskBody {
  const { user, message, origin, uniqueId } = input;
  const charged = deps.quotas.chargedFor("tokens", user);
  return {
    message,
    files: files.map(({ password: _password, ...file }) => file),
    origin,
    ...(uniqueId === undefined ? {} : { uniqueId }),
    ...(charged.length === 0 ? {} : { charged }),
    ...(files.length === 0 ? {} : { extraction: extractionGroups(deps, user) }),
  };
}

/**
 * Queues the extractions of an ask's files and rings its conversation's bell. If this fails, the ask waits for about a
 * second, until the sweeper does both.
 */
async function wake(
  deps: AskDeps,
  { user, conversation }: AskInput,
  { files, trace }: { files: readonly PreparedFile[]; trace: string },
): Promise<void> {
  try {
    for (const file of new Map(files.map((one) => [one.text, one])).values()) await orderText(deps, user, file, trace);
    await deps.bell.ring({ conversation: conversationAddress(user, conversation) });
  } catch (error) {
    deps.onTrouble(error);
  }
}

/** Counts a new ask for the limits, and adds a new conversation to the user's list. */
function countAccepted(deps: AskDeps, input: AskInput, accepted: Pick<NewAsk, "seq" | "overMs">): void {
  const { user, conversation, id } = input;
  deps.queueGate.entered();
  deps.usage.asked(user, { conversation, id, bytes: Buffer.byteLength(input.message), overMs: accepted.overMs });
  deps.quotas.asked(user);
  const inline = inlineBytes(input);
  if (inline > 0) deps.quotas.stored(user, inline);
  // Conversations of plain connections are not listed: each connection has a new conversation, nearly always of a new
  // user who cannot return.
  if (accepted.seq === 1 && input.origin === "socket") deps.conversations.added(user, conversation, input.from);
}

/** Returns the quota that the bytes of the files inside an ask would exceed today; undefined if they exceed none. */
async function overByInline({ quotas }: AskDeps, input: AskInput): ReturnType<Quotas["overByFile"]> {
  const bytes = inlineBytes(input);
  return bytes === 0 ? undefined : quotas.overByFile(input.user, bytes);
}

function inlineBytes({ files }: AskInput): number {
  return files.reduce((sum, file) => sum + ("upload" in file ? 0 : file.bytes.length), 0);
}

async function isNew(store: Store, { user, conversation, id }: AskInput): Promise<boolean> {
  return !(await hasAsk(store, askAddress(user, conversation, id)));
}

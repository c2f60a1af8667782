import {
  accept,
  askDigest,
  canChange,
  conversationAddress,
  keepUpload,
  wouldBeBusy,
  newNonce,
  readText,
  readUpload,
  renewUpload,
  retainBytes,
  setPassword,
  textKey,
  textState,
  userAddress,
  useText,
  type AskFile,
  type Bell,
  type Store,
} from "@docrelay/channel";
import { checkMessage, cleanFileName, refuse, type Limits } from "@docrelay/protocol";
import type { Tracing } from "@docrelay/platform";
import { createHash } from "node:crypto";
import type { Acknowledged } from "./acknowledged.ts";
import { beginAskTrace } from "./ask-trace.ts";
import type { OwnConversations } from "../conversation/own-conversations.ts";
import type { RateLimiter } from "../limits/rate-limit.ts";
import { looksLikePdf } from "../uploads/pdf-bytes.ts";
import type { SharedSettings } from "../uploads/shared-settings.ts";
import { canBeRead, orderText, type ExtractionDeps } from "../uploads/extraction.ts";
import type { MemoryGate } from "../limits/memory-gate.ts";
import type { Usage } from "../limits/usage.ts";
import { dayQuotaExceeded, type Quotas } from "../quotas/quotas.ts";
import type { QueueGate } from "../limits/queue-gate.ts";
import type { Uploads } from "../uploads/uploads.ts";

/** A file of an ask: a finished upload of the same user, or bytes that came with it. */
export type AskFileInput = { readonly upload: string; readonly password?: string | undefined } | InlineFile;
interface InlineFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly password?: string | undefined;
}

export interface AskInput {
  readonly user: string;
  readonly conversation: string;
  readonly id: string;
  readonly message: string;
  readonly files: readonly AskFileInput[];
  readonly origin: "socket" | "plain";
  /** An ask of the same conversation. */
  readonly replaces?: string | undefined;
  /** `unique_id` of a plain frame. */
  readonly uniqueId?: string;
  /** The client's trace. */
  readonly traceparent?: string | undefined;
  /** The connection that asks: it needs no hint that its conversation is new. */
  readonly from?: string;
}

/**
 * Checks an ask, stores its bytes, accepts it durably and rings the conversation's bell. Idempotent by user and
 * id: an ask sent again returns the stored seq and `duplicate`. `maxInlineBytes` bounds the bytes that come with it.
 * @throws Refusal; an ioredis error means that the outcome is unknown, and the same id may be sent again.
 */
export type AcceptAsk = (
  input: AskInput,
  options?: { maxInlineBytes?: number },
) => Promise<{ seq: number; duplicate: boolean }>;

export interface AskDeps extends ExtractionDeps {
  readonly bell: Bell;
  readonly sharedSettings: SharedSettings;
  readonly uploads: Uploads;
  readonly queueGate: QueueGate;
  readonly conversations: Pick<OwnConversations, "added">;
  readonly memoryGate: Pick<MemoryGate, "full">;
  readonly usage: Usage;
  readonly quotas: Pick<Quotas, "asks" | "asked" | "stored" | "overByFile" | "chargedFor" | "isPaused">;
  /** Asks by user, on this edge. */
  readonly askRate: RateLimiter;
  readonly limits: Limits;
  readonly tracing: Tracing | undefined;
  readonly acknowledged: Pick<Acknowledged, "add">;
  /** An error after which the process recovers by itself: the ask is durable, and the sweeper rings the bell. */
  onTrouble(error: unknown): void;
}

type Prepared = AskFile & { readonly password?: string | undefined };

const FULL_RETRY_MS = 5000;

export function createAcceptAsk(deps: AskDeps): AcceptAsk {
  const { store, bell, sharedSettings, queueGate, memoryGate, usage, quotas, askRate, limits, acknowledged } = deps;

  return async function acceptAsk(input, { maxInlineBytes = limits.inlineFileBytes } = {}) {
    const trace = beginAskTrace(deps.tracing, input);
    try {
      const accepted = await acceptTraced(input, { maxInlineBytes, trace: trace.stored });
      trace.accepted(accepted.duplicate);
      return accepted;
    } catch (error) {
      trace.refused(error);
      throw error;
    }
  };

  async function acceptTraced(
    input: AskInput,
    { maxInlineBytes, trace }: { maxInlineBytes: number; trace: string },
  ): Promise<{ seq: number; duplicate: boolean }> {
    const { user, conversation, id, message, origin, replaces, uniqueId } = input;
    const waitMs = askRate.take(user, Date.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
    usage.checkAsk(user, Buffer.byteLength(message));
    checkMessage(message, limits, input.files.length > 0);
    checkFiles(input.files, limits, maxInlineBytes);

    // A full queue or Redis, or a pause by operators, refuses new asks; a known ask is acknowledged, and nothing is stored.
    const isFull = queueGate.full || memoryGate.full || quotas.isPaused;
    const maxInFlight = isFull ? 0 : limits.asksInFlight;
    const reason = quotas.isPaused ? "paused" : memoryGate.full ? "memory" : undefined;
    const why = reason ? { retryAfterMs: FULL_RETRY_MS, reason } : { retryAfterMs: 1000 };
    const busy = (): Error => refuse("BUSY", { ...why, ask: id });
    if (input.files.length > 0 && (await wouldBeBusy(store, { user, conversation, id, maxInFlight }))) throw busy();

    const { maxAsks, over } = await quotas.asks(user);
    const isOver = over ?? (await overByInline(deps, input));
    // An ask that was accepted already is acknowledged.
    if (isOver && input.files.length > 0 && (await isNew(store, input))) throw dayQuotaExceeded(isOver);

    const isKnown = isFull || isOver !== undefined;
    const files = await Promise.all(input.files.map((file, index) => prepare(deps, input, { file, index, isKnown })));
    const secret = await sharedSettings.secret();
    // A failure here delays a durable ask by a second, until the sweeper rings or adds the lost jobs.
    const wake = async (): Promise<void> => {
      try {
        for (const file of new Map(files.map((one) => [one.text, one])).values())
          await orderText(deps, user, file, trace);
        await bell.ring({ conversation: conversationAddress(user, conversation) });
      } catch (error) {
        deps.onTrouble(error);
      }
    };
    const bytes = Buffer.byteLength(message);
    const charged = quotas.chargedFor("tokens", user);
    const accepting = accept(store, {
      user,
      conversation,
      id,
      body: {
        message,
        files: files.map(({ password: _password, ...file }) => file),
        origin,
        ...(uniqueId === undefined ? {} : { uniqueId }),
        ...(charged.length === 0 ? {} : { charged }),
      },
      replaces,
      digest: askDigest(secret, { conversation, message, files: files.map(digestPart), replaces }),
      trace,
      nonce: newNonce(),
      maxInFlight,
      maxAsks,
      kept: usage.keptOf(bytes),
    });
    // Without files the acceptance and the bell go to Redis in one write, in this order: the worker hears it when the ask
    // is durable. A bell for a refused ask finds nothing new.
    // A connection that waits for replicas is another one: then the bell comes after it.
    const woken = files.length === 0 && !isFull && !store.replicas ? wake() : undefined;
    const accepted = await accepting;
    if (accepted.kind === "busy") throw busy();
    if (accepted.kind === "quota") {
      const own = { account: { kind: "user", name: user }, count: "asks", most: maxAsks ?? 0 } as const;
      throw dayQuotaExceeded(over ?? { ...own, endsInMs: accepted.freeInMs });
    }
    if (accepted.kind === "not-replaceable") {
      const message = "The conversation has no ask that this one could replace.";
      throw refuse("NOT_FOUND", { ask: id, reason: "replaces", message });
    }
    if (accepted.kind === "conflict") throw refuse("ASK_CONFLICT", { ask: id });
    acknowledged.add({ user, conversation, id, trace });
    if (!accepted.duplicate) {
      queueGate.entered();
      usage.asked(user, { conversation, id, bytes, overMs: accepted.overMs });
      quotas.asked(user);
      const inline = inlineBytes(input);
      if (inline > 0) quotas.stored(user, inline);
    }
    // Each plain connection has a conversation, and nearly always a user, of its own.
    if (accepted.seq === 1 && !accepted.duplicate && origin === "socket") {
      deps.conversations.added(user, conversation, input.from);
    }
    await (woken ?? wake());
    return { seq: accepted.seq, duplicate: accepted.duplicate };
  }
}

/** Bytes that come with an ask, against today's quota. */
async function overByInline({ quotas }: AskDeps, input: AskInput): ReturnType<Quotas["overByFile"]> {
  const bytes = inlineBytes(input);
  return bytes === 0 ? undefined : quotas.overByFile(input.user, bytes);
}

function inlineBytes({ files }: AskInput): number {
  return files.reduce((sum, file) => sum + ("upload" in file ? 0 : file.bytes.length), 0);
}

function isNew(store: Store, { user, conversation, id }: AskInput): Promise<boolean> {
  return wouldBeBusy(store, { user, conversation, id, maxInFlight: 0 });
}

/** Checks all files before any is stored: one refused file must not leave the stored bytes of the others behind. */
function checkFiles(files: readonly AskFileInput[], limits: Limits, maxInlineBytes: number): void {
  if (files.length > limits.filesPerAsk) {
    const message = `There are ${files.length} files; ${limits.filesPerAsk} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
  }
  let inline = 0;
  for (const [index, file] of files.entries()) {
    if ("upload" in file) continue;
    cleanFileName(file.name);
    inline += file.bytes.length;
    if (file.bytes.length > limits.fileBytes || inline > maxInlineBytes) {
      throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", file: index });
    }
    if (!looksLikePdf(file.bytes)) throw refuse("FILE_TYPE_UNSUPPORTED", { file: index });
  }
}

/** Finds a file's bytes and its text key, and renews the expiry of everything that an ask needs of the file. */
async function prepare(
  deps: AskDeps,
  { user, conversation, id: ask }: AskInput,
  { file, index, isKnown }: { file: AskFileInput; index: number; isKnown: boolean },
): Promise<Prepared> {
  const { store } = deps;
  const found =
    "upload" in file ? await named(deps, user, file.upload) : await kept(deps, user, { ask, file, index, isKnown });
  if (!found) throw refuse("NOT_FOUND", { file: index, message: "There is no such finished upload. Send the file." });
  const { password } = file;
  const opened = password === undefined ? found : await withPassword(deps, user, found, password);
  const by = { conversation: conversationAddress(user, conversation), text: opened.text };
  // The order matters: a process that forgets the text meanwhile sees this user, or `canBeRead` sees that it is gone.
  const [, , isReadable] = await Promise.all([
    useText(store, userAddress(user), opened.text),
    renewUpload(store, user, found.upload, by),
    canBeRead(deps, opened),
  ]);
  if (!isReadable) {
    throw refuse("NOT_FOUND", { file: index, message: "The file is no longer kept. Send it again." });
  }
  return opened;
}

/** A file of an ask, which can be named by the id of its upload. */
type Named = AskFile & { readonly upload: string };

async function named({ store }: AskDeps, user: string, id: string): Promise<Named | undefined> {
  const upload = await readUpload(store, user, id);
  if (!upload?.done || upload.sha256 === undefined || upload.text === undefined) return undefined;
  const { name, size, sha256, text, ref } = upload;
  return { name, size, sha256, text, ref, upload: id };
}

/**
 * Stores the bytes of a file that came with an ask, and gives it an id under which it can be named again: the same one
 * when the ask is sent again, and another one when an ask of the same id has other files.
 */
async function kept(
  { store, uploads }: AskDeps,
  user: string,
  of: { ask: string; file: InlineFile; index: number; isKnown: boolean },
): Promise<Named> {
  const { ask, file, index, isKnown } = of;
  const found = await uploads.keep(user, { ...file, name: cleanFileName(file.name), isKnown });
  const { name, size, sha256, text, ref } = found;
  const id = createHash("sha256")
    .update(JSON.stringify([ask, index, name, sha256]))
    .digest("base64url")
    .slice(0, 22);
  await keepUpload(store, user, { id, name, type: file.type, size, sha256, text, ref });
  return { ...found, upload: id };
}

/**
 * A password gives the same bytes another text key, unless the outcome without a password is known and cannot change:
 * then the file needs none, its bytes may have been released, and the password is ignored. Otherwise the password is
 * stored under its own key until its extraction has ended, and no longer than the deadline of the ask.
 */
async function withPassword(
  { store, sharedSettings }: AskDeps,
  user: string,
  file: AskFile,
  password: string,
): Promise<Prepared> {
  await retainBytes(store, file.ref);
  if (await isSettled(store, file.text)) return { ...file, password };
  const scope = sharedSettings.scopeOf(user);
  const source = { sha256: file.sha256, profile: await sharedSettings.profile(), password, scope };
  const text = textKey(await sharedSettings.secret(), source);
  const [outcome] = await textState(store, [text]);
  if (outcome === "missing") await setPassword(store, text, password, store.askDeadlineMs);
  return { ...file, text, password, locked: true };
}

/** Whether the outcome under `text` is known and no other extraction of the bytes can change it. */
async function isSettled(store: Store, text: string): Promise<boolean> {
  const [state] = await textState(store, [text]);
  if (state !== "failed") return state === "text";
  const failure = await readText(store, text);
  return failure !== undefined && !canChange(failure);
}

function digestPart({ name, sha256, password }: Prepared): { name: string; sha256: string; password?: string } {
  return { name, sha256, ...(password === undefined ? {} : { password }) };
}

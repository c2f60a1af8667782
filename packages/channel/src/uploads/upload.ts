import { createHash } from "node:crypto";
import { FIRST_CHUNK_MS, IDLE_UPLOAD_MS, type BlobStore } from "../bytes/blob-store.ts";
import {
  growRoom,
  releaseBytes,
  releaseRoom,
  reserveRoom,
  SHARE,
  shareKeys,
  shrinkRoom,
  type ByteShares,
} from "../bytes/reservation.ts";
import { userAddress, type ConversationAddress } from "../redis/address.ts";
import { filesKey, unfinishedKey, uploadKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script, type ArgumentKind } from "../redis/script.ts";
import { sealingOf, wrongAnswer, type Store } from "../redis/store.ts";
import { placeOfUpload } from "../sealing/places.ts";

/**
 * An upload of one user. `offset`: how many bytes from its beginning are stored. `sha256` and `text` (the text key) are
 * set once it is `done`.
 */
export interface UploadState {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly offset: number;
  readonly ref: string;
  readonly done: boolean;
  readonly sha256?: string;
  readonly text?: string;
}

export function keyOf(user: string, upload: string): string {
  const id = createHash("sha256").update(upload).digest("base64url").slice(0, 22);
  return uploadKey({ ...userAddress(user), id });
}
const KEYS = ["up", "unfinished", "files", "share", "shareUntil"] as const;
const LIST = lua(import.meta.url, "list-file.lua");
const IS_LEAVING = lua(import.meta.url, "is-leaving.lua");
function keysOf(user: string, upload: string): Record<(typeof KEYS)[number], string> {
  const of = userAddress(user);
  return { up: keyOf(user, upload), unfinished: unfinishedKey(of), files: filesKey(of), ...shareKeys(of) };
}

function uploadScript<A extends string>(file: string, args: Record<A, ArgumentKind>, shared: URL[] = []) {
  return script({ files: [CLOCK, SHARE, ...shared, lua(import.meta.url, file)], keys: KEYS, args });
}

const BEGIN = uploadScript(
  "begin-upload.lua",
  {
    id: "text",
    name: "text",
    mime: "text",
    size: "number",
    ref: "text",
    maxUserBytes: "number",
    maxUnfinished: "number",
    keepMs: "number",
    heldMs: "number",
    listedMs: "number",
  },
  [LIST],
);

/**
 * How many bytes are reserved for an upload before its first byte arrives. The number is small, so that a client that
 * sends nothing takes little room.
 */
const FIRST_ROOM = 65_536;
/** The most bytes that are reserved for an upload ahead of those that have arrived. */
const ROOM_AHEAD = 1_048_576;

/**
 * Returns how many bytes to reserve for an upload in all. `offset`: the bytes before it have arrived or are arriving.
 */
export function roomFor(size: number, offset: number): number {
  return Math.min(size, offset + Math.min(Math.max(offset, FIRST_ROOM), ROOM_AHEAD));
}

/** Limits for the bytes and uploads of a user, and for the bytes of all users. */
export interface UploadShares extends ByteShares {
  readonly maxUnfinished: number;
}

export type BegunUpload =
  /**
   * `room`: up to which offset the client may send bytes. If the upload was begun before, `room` is 0; then call
   * `growRoom`.
   */
  | { kind: "begun"; upload: UploadState; room: number }
  /** The id belongs to an upload of another name or size. */
  | { kind: "conflict" }
  /** The user's share of bytes is used up; there is room again after `freeInMs` ms. */
  | { kind: "quota"; freeInMs: number }
  /**
   * The user has too many unfinished uploads, or all users together have used up the limit for bytes. Nothing was
   * stored.
   */
  | { kind: "busy"; freeInMs?: number };

/**
 * Begins an upload and reserves room for its first bytes. If the upload was begun before, returns the upload with its
 * earlier `ref`, and does not keep it for longer. An upload expires unless its first chunk arrives within 30 s.
 * Idempotent.
 */
export async function beginUpload(
  store: Store,
  user: string,
  of: UploadShares & { id: string; name: string; type: string; size: number; ref: string },
): Promise<BegunUpload> {
  const { id, name, type: mime, size, ref, maxBytes, maxUserBytes, maxUnfinished } = of;
  const keepMs = FIRST_CHUNK_MS;
  const room = roomFor(size, 0);
  if ((await reserveRoom(store, { ref, size: room, maxBytes, keepMs })) === "busy") {
    const known = await readUpload(store, user, id);
    if (!known) return { kind: "busy" };
  }
  const heldMs = store.retentionMs + IDLE_UPLOAD_MS;
  const sealed = sealName(store, user, of);
  const limits = { maxUserBytes, maxUnfinished, keepMs, heldMs, listedMs: listedMsOf(store) };
  const args = { id, name: sealed, mime, size, ref, ...limits };
  const [[status, freeInMs], found] = await Promise.all([
    run(store.redis, BEGIN, { keys: keysOf(user, id), args }),
    readUpload(store, user, id),
  ]);
  if (status !== "BEGUN") await releaseRoom(store, ref);
  // The script compares encrypted names, so it also returns CONFLICT when the same name was encrypted with another key.
  // Here the decrypted names are compared.
  const isSame = found?.name === name && found.size === size;
  if (status === "CONFLICT" && !isSame) return { kind: "conflict" };
  if (status === "QUOTA" || status === "BUSY")
    return { kind: status === "BUSY" ? "busy" : "quota", freeInMs: Number(freeInMs) };
  // If Redis did not have the script, the script was sent again and executed after the read. Then `found` is missing,
  // and the upload is read again.
  const upload = found ?? (await readUpload(store, user, id));
  if (!upload) throw wrongAnswer("beginUpload", [status]);
  return { kind: "begun", upload, room: status === "BEGUN" ? room : 0 };
}

/**
 * Returns the name as it is stored: the same name of the same upload gives the same text, so that a script can compare
 * names.
 */
function sealName(store: Store, user: string, { id, name }: Pick<UploadState, "id" | "name">): string {
  return sealingOf(store).sealSameText(placeOfUpload(keyOf(user, id)), name);
}

/** Returns the current state of an upload; undefined when it is unknown or gone, or belongs to another user. */
export async function readUpload(store: Store, user: string, id: string): Promise<UploadState | undefined> {
  const fields = await store.redis.hgetall(keyOf(user, id));
  return fields["hidden"] === undefined ? readUploadFields(store, user, id, fields) : undefined;
}

/** Reads the fields of an upload's key; undefined when there are none. */
export function readUploadFields(
  store: Store,
  user: string,
  id: string,
  fields: Record<string, string>,
): UploadState | undefined {
  const { name, type, size, offset, ref, done, sha256, text } = fields;
  if (name === undefined || ref === undefined) return undefined;
  const plainName = sealingOf(store).unsealText(placeOfUpload(keyOf(user, id)), name);
  const state = {
    id,
    name: plainName,
    type: type ?? "",
    size: Number(size),
    offset: Number(offset),
    ref,
    done: done === "1",
  };
  return sha256 && text ? { ...state, sha256, text } : state;
}

/**
 * Returns for how many ms an upload stays in the list of its user after it was begun, finished or last used: as long as
 * the upload can be kept.
 */
const listedMsOf = ({ retentionMs }: Store): number => Math.max(retentionMs, IDLE_UPLOAD_MS);

const USE = script({
  files: [CLOCK, LIST, IS_LEAVING, lua(import.meta.url, "use-upload.lua")],
  keys: ["up", "files"],
  args: { id: "text", conversation: "text", text: "text", keepMs: "number", listedMs: "number" },
});

/**
 * Keeps a finished upload for the retention from now on. `unknown`: there is no such upload, or it is being removed;
 * then nothing is kept. `by`: the conversation of an ask that names the upload, and
 * the text key that the ask needs. The text is removed with the upload when no conversation uses it any more.
 */
export async function renewUpload(
  store: Store,
  user: string,
  id: string,
  by?: { conversation: ConversationAddress; text: string },
): Promise<"renewed" | "unknown"> {
  const { up, files } = keysOf(user, id);
  const keepMs = store.retentionMs;
  const [conversation, text] = [by?.conversation.c ?? "", by?.text ?? ""];
  const args = { id, conversation, text, keepMs, listedMs: listedMsOf(store) };
  const [status] = await run(store.redis, USE, { keys: { up, files }, args });
  return status === "OK" ? "renewed" : "unknown";
}

const ADVANCE = uploadScript("advance-upload.lua", {
  ref: "text",
  offset: "number",
  length: "number",
  keepMs: "number",
  heldMs: "number",
});
const REWIND = script({
  files: [lua(import.meta.url, "rewind-upload.lua")],
  keys: ["up"],
  args: { ref: "text", offset: "number" },
});

export type Advanced =
  | { kind: "advanced" | "repeated"; offset: number }
  | { kind: "hole"; expectedOffset: number }
  /** The upload is gone, or its id belongs to another upload. */
  | { kind: "unknown" };

/**
 * Stores a chunk for which room is reserved, reserves room for later chunks, and keeps the upload for ten minutes from
 * now. Idempotent. The bytes are stored, and kept for longer, before the upload's state changes: the offset and the
 * expiry of the state must not be ahead of the bytes. In a store that `isInOrder`, all commands are sent at once; if
 * only the bytes are refused, the offset is set back.
 *
 * `earlier`: a promise that settles, without rejecting, when the calls for the chunks before this one have ended.
 * `isNew`: no bytes were stored at this offset before. `room`: up to which offset the client may send bytes.
 */
export async function storeChunk(
  store: Store,
  blobs: BlobStore,
  user: string,
  of: {
    upload: Pick<UploadState, "id" | "ref" | "size">;
    offset: number;
    bytes: Uint8Array;
    maxBytes: number;
    earlier?: Promise<unknown>;
  },
): Promise<Advanced & { isNew: boolean; room: number }> {
  const { upload, offset, bytes, maxBytes, earlier } = of;
  const { id, ref, size } = upload;
  const room = roomFor(size, offset + bytes.length);
  const growing = growRoom(store, { ref, room, maxBytes, keepMs: IDLE_UPLOAD_MS });
  const written = Promise.all([blobs.write(ref, offset, bytes), growing]);
  if (!blobs.isInOrder) await Promise.all([written, earlier]);
  const counted = advanceUpload(store, user, { id, ref, offset, length: bytes.length });
  const [stored, count] = await Promise.allSettled([written, counted]);
  if (stored.status === "fulfilled") {
    const [isNew, grown] = stored.value;
    const advanced = await counted;
    if (grown.kind !== "gone") return { ...advanced, isNew, room: grown.room };
    // The upload has expired, or another process finished it and released its bytes. This chunk arrived too late.
    if (advanced.kind !== "advanced") await blobs.remove(ref);
    return { ...advanced, isNew, room: 0 };
  }
  if (count.status === "fulfilled" && count.value.kind === "advanced") {
    const rewound = run(store.redis, REWIND, { keys: { up: keyOf(user, id) }, args: { ref, offset } });
    // If this fails, the stored offset is ahead of the bytes, and the end of the upload finds the hole.
    await rewound.catch(() => undefined);
  }
  throw stored.reason;
}

/**
 * Records that a chunk is stored: moves the upload's offset. Call it after the chunk's bytes are stored under `ref`.
 */
export async function advanceUpload(
  store: Store,
  user: string,
  { id, ref, offset, length }: { id: string; ref: string; offset: number; length: number },
): Promise<Advanced> {
  const keepMs = IDLE_UPLOAD_MS;
  const reply = await run(store.redis, ADVANCE, {
    keys: keysOf(user, id),
    args: { ref, offset, length, keepMs, heldMs: store.retentionMs + keepMs },
  });
  const at = Number(reply[1]);
  if (reply[0] === "ADVANCED") return { kind: "advanced", offset: at };
  if (reply[0] === "REPEATED") return { kind: "repeated", offset: at };
  if (reply[0] === "HOLE") return { kind: "hole", expectedOffset: at };
  return { kind: "unknown" };
}

const FINISH = uploadScript(
  "finish-upload.lua",
  {
    id: "text",
    sha256: "text",
    ref: "text",
    text: "text",
    size: "number",
    keepMs: "number",
    heldMs: "number",
    listedMs: "number",
  },
  [LIST],
);

/**
 * Marks an upload as complete: from now on asks may name it. `ref`: where its bytes are; `text`: its text key. `size`
 * may be smaller than it was when the upload was begun, if only an upper bound was known then. `unknown`: the upload is
 * gone or is being removed. No removal finds the text of such an upload, so the caller calls `forgetUnnamed`.
 */
export async function finishUpload(
  store: Store,
  user: string,
  id: string,
  of: { sha256: string; ref: string; text: string; size: number },
): Promise<"finished" | "unknown"> {
  const keepMs = store.retentionMs;
  const args = { ...of, id, keepMs, heldMs: keepMs + IDLE_UPLOAD_MS, listedMs: listedMsOf(store) };
  const [status, isSmaller] = await run(store.redis, FINISH, { keys: keysOf(user, id), args });
  if (status !== "OK") return "unknown";
  if (isSmaller === 1) await shrinkRoom(store, { ref: of.ref, size: of.size, keepMs: store.retentionMs });
  return "finished";
}

const KEEP = script({
  files: [CLOCK, LIST, IS_LEAVING, lua(import.meta.url, "keep-upload.lua")],
  keys: ["up", "files"],
  args: {
    id: "text",
    name: "text",
    mime: "text",
    size: "number",
    ref: "text",
    sha256: "text",
    text: "text",
    keepMs: "number",
    listedMs: "number",
  },
});

/**
 * Stores a file that arrived as a whole as a finished upload, so that asks can name it again. Idempotent. The caller
 * has counted its bytes already. `leaving`: an upload with this id is being removed, and nothing was stored; the caller
 * calls `forgetUnnamed`.
 */
export async function keepUpload(
  store: Store,
  user: string,
  of: Omit<Required<UploadState>, "offset" | "done">,
): Promise<"kept" | "leaving"> {
  const { id, type: mime, size, ref, sha256, text } = of;
  const { up, files } = keysOf(user, id);
  const [keepMs, listedMs] = [store.retentionMs, listedMsOf(store)];
  const args = { id, name: sealName(store, user, of), mime, size, ref, sha256, text, keepMs, listedMs };
  const [status] = await run(store.redis, KEEP, { keys: { up, files }, args });
  return status === "OK" ? "kept" : "leaving";
}

const DROP = script({
  files: [lua(import.meta.url, "drop-upload.lua")],
  keys: ["up", "unfinished"],
  args: { ref: "text" },
});

/**
 * Removes an unfinished upload and its bytes, so that its id may begin another upload. An upload that another process
 * has finished meanwhile stays. Idempotent.
 */
export async function dropUpload(
  store: Store,
  blobs: BlobStore,
  user: string,
  of: UploadState,
): Promise<"dropped" | "finished"> {
  const { up, unfinished } = keysOf(user, of.id);
  const [status] = await run(store.redis, DROP, { keys: { up, unfinished }, args: { ref: of.ref } });
  if (status === "DONE") return "finished";
  await releaseBytes(store, blobs, of.ref, { user: userAddress(user) });
  return "dropped";
}

import { readBody } from "../ask/record.ts";
import type { BlobStore } from "../bytes/blob-store.ts";
import { disclaimBytes, releaseBytes, releaseShare } from "../bytes/reservation.ts";
import { userAddress, type ConversationAddress } from "../redis/address.ts";
import { filesKey, mailKey, recordKey, retainKey, unfinishedKey } from "../redis/keys.ts";
import { lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";
import { endExtraction } from "../texts/text-store.ts";
import { countTextUsers, forgetText } from "../texts/text-users.ts";
import { keyOf, readUpload, readUploadFields, type UploadState } from "./upload.ts";

const LEAVE = script({
  files: [lua(import.meta.url, "leave-upload.lua")],
  keys: ["up"],
  args: { conversation: "text" },
});

/**
 * Values of the field `hidden`: why asks cannot name the upload any more. `NEEDED`: unfinished asks still need its text
 * or bytes, so these stay for now. `LEAVING`: the upload is being removed.
 */
const NEEDED = "1";
const LEAVING = "leaving";
const HIDE = script({ files: [lua(import.meta.url, "hide-upload.lua")], keys: ["up"], args: { why: "text" } });
const UNLIST = script({
  files: [lua(import.meta.url, "unlist-file.lua")],
  keys: ["up", "files"],
  args: { id: "text" },
});

/** An upload, with its texts and the conversations that use it. */
export interface OwnUpload extends UploadState {
  /** The upload's text keys: the one without a password, and one for each password that an ask gave. */
  readonly texts: readonly string[];
  /** Hashes of the conversations that use the upload. */
  readonly conversations: readonly string[];
  /** Whether asks cannot name the upload any more, because it was removed. */
  readonly isHidden: boolean;
  /** Whether the upload, its text and its bytes are being removed. */
  readonly isLeaving: boolean;
}

export async function ownUploads(store: Store, user: string): Promise<OwnUpload[]> {
  const ids = await store.redis.zrange(filesKey(userAddress(user)), "0", "-1");
  if (ids.length === 0) return [];
  const all = await Promise.all(ids.map((id) => store.redis.hgetall(keyOf(user, id))));
  return ids.flatMap((id, index) => {
    const fields = all[index] ?? {};
    const state = readUploadFields(store, user, id, fields);
    if (!state) return [];
    const marks = (prefix: string): string[] =>
      Object.keys(fields).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
    const texts = new Set([...(state.text === undefined ? [] : [state.text]), ...marks("x:")]);
    const { hidden } = fields;
    const isHidden = hidden !== undefined;
    return [{ ...state, texts: [...texts], conversations: marks("c:"), isHidden, isLeaving: hidden === LEAVING }];
  });
}

/**
 * What the functions that forget uploads need. `endJob`: removes the extraction of a text, which no user has any more,
 * from the queue and from the waiting extractions of all accounts; a running extraction ends by itself.
 */
export interface ForgetDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  endJob(text: string, user: string): Promise<void>;
}

/**
 * Removes the uploads that only this conversation uses, with the texts and bytes that no other upload uses. Idempotent.
 */
export async function forgetUploadsOf(deps: ForgetDeps, user: string, { c }: ConversationAddress): Promise<void> {
  const { store } = deps;
  const candidates = (await ownUploads(store, user)).filter(({ conversations }) => conversations.includes(c));
  const left = await Promise.all(
    candidates.map(async (one) => {
      const [status] = await run(store.redis, LEAVE, { keys: { up: keyOf(user, one.id) }, args: { conversation: c } });
      return status === "LAST" ? [one] : [];
    }),
  );
  await forgetUploads(deps, user, left.flat());
}

/**
 * Removes uploads of a user: asks cannot name them from now on. Their texts and bytes are removed too, unless another
 * upload of the user, or another user, has the same file. Idempotent: the uploads stay listed until everything is
 * removed, so that a failed removal can be repeated.
 */
export async function forgetUploads(
  deps: ForgetDeps,
  user: string,
  uploads: ReadonlyArray<Pick<OwnUpload, "id">>,
): Promise<void> {
  if (uploads.length === 0) return;
  const { store } = deps;
  const ids = new Set(uploads.map(({ id }) => id));
  await Promise.all([...ids].map((id) => hide(store, user, id, LEAVING)));
  // The caller may have read the uploads before they had finished, so they are read again. What is read now is all that
  // they have: a hidden upload gets no text and no bytes any more.
  const all = await ownUploads(store, user);
  const kept = keptBy(all);
  for (const upload of all) if (upload.isLeaving && ids.has(upload.id)) await forgetContent(deps, user, upload, kept);
  await store.redis.unlink(...[...ids].map((id) => keyOf(user, id)));
  await unlistFiles(store, user, [...ids]);
}

/** Returns the texts and the blobs of the uploads that are not being removed. */
function keptBy(uploads: readonly OwnUpload[]): Set<string> {
  return new Set(uploads.flatMap(({ isLeaving, texts, ref }) => (isLeaving ? [] : [...texts, ref])));
}

/** Removes ids from the list of the user's uploads, unless there are uploads with these ids. */
export async function unlistFiles(store: Store, user: string, ids: readonly string[]): Promise<void> {
  const files = filesKey(userAddress(user));
  await Promise.all(ids.map((id) => run(store.redis, UNLIST, { keys: { up: keyOf(user, id), files }, args: { id } })));
}

/**
 * Removes a text and the bytes of a file, unless an upload of the user, or another user, has them. Call it if `useText`
 * was called for the text, but the file's upload turns out to be gone: then no removal of an upload finds the text.
 * `file`: the file with its own text key; `used`: another text key of the file, if `useText` was called for that one.
 */
export async function forgetUnnamed(
  deps: ForgetDeps,
  user: string,
  { text, ref }: { text: string; ref: string },
  used = text,
): Promise<void> {
  const kept = keptBy(await ownUploads(deps.store, user));
  await forgetContent(deps, user, { text, ref, texts: [used] }, kept);
}

async function hide(store: Store, user: string, id: string, why: string): Promise<void> {
  await run(store.redis, HIDE, { keys: { up: keyOf(user, id) }, args: { why } });
}

async function forgetContent(
  { store, blobs, endJob }: ForgetDeps,
  user: string,
  { text, texts, ref }: Pick<OwnUpload, "text" | "texts" | "ref">,
  kept: ReadonlySet<string>,
): Promise<void> {
  const of = userAddress(user);
  for (const key of texts) {
    if (kept.has(key)) continue;
    // Even if other users keep the text, this user does not wait for it any more.
    await endExtraction(store, of, key);
    if ((await forgetText(store, of, key)) === "gone") await endJob(key, user);
  }
  if (kept.has(ref)) return;
  if (text === undefined) {
    await Promise.all([store.redis.zrem(unfinishedKey(of), ref), releaseBytes(store, blobs, ref, { user: of })]);
    return;
  }
  await releaseShare(store, of, ref);
  if ((await countTextUsers(store, text)) > 0) return;
  // Until `disclaimBytes` has returned, another user who sends the same bytes may get this copy. Such a user has called
  // `useText` before, so `countTextUsers` below counts this user, and the bytes stay.
  await disclaimBytes(store, text, ref);
  if ((await countTextUsers(store, text)) > 0) return;
  await Promise.all([releaseBytes(store, blobs, ref), store.redis.unlink(retainKey(ref))]);
}

/** What became of an upload: `needed`: an unfinished ask needs its text or bytes, so it is only hidden for now. */
export type Forgotten = "unknown" | "forgotten" | "needed";

/**
 * Removes an upload. While an unfinished ask needs the upload's text or bytes, the upload is only hidden: asks cannot
 * name it, and `forgetHidden` removes it when these asks have ended. Idempotent. `unknown`: there was nothing to remove.
 */
export async function forgetUpload(deps: ForgetDeps, user: string, id: string): Promise<Forgotten> {
  const { store } = deps;
  const found = (await ownUploads(store, user)).find((one) => one.id === id);
  if (!found) {
    // An upload of an older process, which did not list uploads.
    const isNamed = (await readUpload(store, user, id)) !== undefined;
    return isNamed && (await store.redis.unlink(keyOf(user, id))) === 1 ? "forgotten" : "unknown";
  }
  if (!found.isLeaving && isNeeded(found, await neededBy(store, user, found.conversations))) {
    await hide(store, user, id, NEEDED);
    return "needed";
  }
  await forgetUploads(deps, user, [found]);
  return "forgotten";
}

/** Removes the hidden uploads of a user that no unfinished ask needs any more. Returns whether others are left. */
export async function forgetHidden(deps: ForgetDeps, user: string): Promise<boolean> {
  const hidden = (await ownUploads(deps.store, user)).filter(({ isHidden }) => isHidden);
  const needed = await neededBy(
    deps.store,
    user,
    hidden.flatMap(({ conversations }) => conversations),
  );
  const free = hidden.filter((upload) => !isNeeded(upload, needed));
  await forgetUploads(deps, user, free);
  return free.length < hidden.length;
}

const isNeeded = ({ texts, ref }: OwnUpload, needed: ReadonlySet<string>): boolean =>
  [...texts, ref].some((one) => needed.has(one));

/** Returns the texts and blobs that the unfinished asks of these conversations name. */
async function neededBy(store: Store, user: string, conversations: readonly string[]): Promise<Set<string>> {
  const of = userAddress(user);
  const namedIn = async (c: string): Promise<string[]> => {
    const asks = await store.redis.lrange(mailKey({ ...of, c }), 0, -1);
    const bodies = await Promise.all(asks.map((a) => store.redis.hget(recordKey({ ...of, a }), "body")));
    return bodies.flatMap((body) =>
      body ? readBody(store, { ...of, c }, body).files.flatMap(({ text, ref }) => [text, ref]) : [],
    );
  };
  return new Set((await Promise.all([...new Set(conversations)].map(namedIn))).flat());
}

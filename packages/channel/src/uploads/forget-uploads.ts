import type { BlobStore } from "../bytes/blob-store.ts";
import { disclaimBytes, releaseBytes, releaseShare } from "../bytes/reservation.ts";
import { userAddress, type ConversationAddress } from "../redis/address.ts";
import { filesKey, mailKey, retainKey } from "../redis/keys.ts";
import { lua, run, script } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";
import { countTextUsers, forgetText } from "../texts/text-users.ts";
import { keyOf, readUpload, readUploadFields, type UploadState } from "./upload.ts";

const LEAVE = script({
  files: [lua(import.meta.url, "leave-upload.lua")],
  keys: ["up"],
  args: { conversation: "text" },
});

/** Why an upload cannot be named any more: asks that have not ended need the rest of it, or it is being removed. */
const NEEDED = "1";
const LEAVING = "leaving";
const HIDE = script({ files: [lua(import.meta.url, "hide-upload.lua")], keys: ["up"], args: { why: "text" } });

/** An upload with all that was made of it. */
export interface OwnUpload extends UploadState {
  /** Keys of its texts: without a password, and with those that asks gave. */
  readonly texts: readonly string[];
  /** Hashes of the conversations that use it. */
  readonly conversations: readonly string[];
  /** It is being removed. */
  readonly isLeaving: boolean;
}

/** All uploads of a user that are kept. */
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
    return [{ ...state, texts: [...texts], conversations: marks("c:"), isLeaving: fields["hidden"] === LEAVING }];
  });
}

/** `removeJob`: takes the extraction of a text out of the queue, unless it runs. */
export interface ForgetDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  removeJob(text: string): Promise<void>;
}

/** Removes the uploads that only this conversation uses, and what nobody else uses of them. Idempotent. */
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
 * Removes uploads of a user: nobody can name them any more. Their texts and bytes go with them unless another upload of the
 * user, or another user, has the same. Idempotent: they are listed until all of it is done.
 */
export async function forgetUploads(deps: ForgetDeps, user: string, uploads: readonly OwnUpload[]): Promise<void> {
  if (uploads.length === 0) return;
  const { store } = deps;
  await Promise.all(uploads.map(({ id }) => hide(store, user, id, LEAVING)));
  const others = (await ownUploads(store, user)).filter(({ isLeaving }) => !isLeaving);
  const kept = new Set(others.flatMap(({ texts, ref }) => [...texts, ref]));
  for (const upload of uploads) await forgetContent(deps, user, upload, kept);
  const files = filesKey(userAddress(user));
  await Promise.all(uploads.flatMap(({ id }) => [store.redis.unlink(keyOf(user, id)), store.redis.zrem(files, id)]));
}

async function hide(store: Store, user: string, id: string, why: string): Promise<void> {
  await run(store.redis, HIDE, { keys: { up: keyOf(user, id) }, args: { why } });
}

async function forgetContent(
  { store, blobs, removeJob }: ForgetDeps,
  user: string,
  { text, texts, ref }: OwnUpload,
  kept: ReadonlySet<string>,
): Promise<void> {
  const of = userAddress(user);
  for (const key of texts) {
    if (!kept.has(key) && (await forgetText(store, of, key)) === "gone") await removeJob(key);
  }
  if (kept.has(ref)) return;
  if (text === undefined) return releaseBytes(store, blobs, ref, { user: of });
  await releaseShare(store, of, ref);
  if ((await countTextUsers(store, text)) > 0) return;
  // A user who found these bytes before this step is counted as a user of their text by now.
  await disclaimBytes(store, text, ref);
  if ((await countTextUsers(store, text)) > 0) return;
  await Promise.all([releaseBytes(store, blobs, ref), store.redis.unlink(retainKey(ref))]);
}

/**
 * Removes an upload, or only its name while an ask that has not ended may need the rest, which then goes with the
 * conversation. Idempotent. Whether there was one.
 */
export async function forgetUpload(deps: ForgetDeps, user: string, id: string): Promise<boolean> {
  const { store } = deps;
  const isNamed = (await readUpload(store, user, id)) !== undefined;
  const found = (await ownUploads(store, user)).find((one) => one.id === id);
  if (!found) return isNamed && (await store.redis.unlink(keyOf(user, id))) === 1; // of an older process, which listed none
  const { shard } = userAddress(user);
  const waiting = await Promise.all(found.conversations.map((c) => store.redis.llen(mailKey({ shard, c }))));
  if (waiting.some((count) => count > 0)) await hide(store, user, id, NEEDED);
  else await forgetUploads(deps, user, [found]);
  return isNamed;
}

import { userAddress, type UserAddress } from "../redis/address.ts";
import { bytesKey, KEYS, retainKey, shareKey, shareUntilKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script, type ArgumentKind } from "../redis/script.ts";
import type { Store } from "../redis/store.ts";
import { SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";

/** The keys that count the reserved bytes of all users. */
const RESERVATION = {
  reserved: KEYS.reserved.pattern,
  total: KEYS.reservedTotal.pattern,
  expiry: KEYS.reservedExpiry.pattern,
};
const RESERVATION_KEYS = ["reserved", "total", "expiry"] as const;
const SHARED = lua(import.meta.url, "reservation.lua");
/**
 * Lua that counts a user's share: the bytes that are kept or reserved for one user. A script that includes it needs the
 * keys `share` and `shareUntil` and the arguments `keepMs` and `heldMs`; for `hold` also `maxUserBytes`.
 */
export const SHARE = lua(import.meta.url, "share.lua");
export const shareKeys = (of: UserAddress): { share: string; shareUntil: string } => ({
  share: shareKey(of),
  shareUntil: shareUntilKey(of),
});

function reservationScript<A extends string>(file: string, args: Record<A, ArgumentKind>) {
  return script({ files: [CLOCK, SHARED, lua(import.meta.url, file)], keys: RESERVATION_KEYS, args });
}

const RESERVE = reservationScript("reserve.lua", { ref: "text", size: "number", maxBytes: "number", keepMs: "number" });
const GROW = reservationScript("grow-reservation.lua", {
  ref: "text",
  room: "number",
  maxBytes: "number",
  keepMs: "number",
});
const RENEW = reservationScript("renew-reservation.lua", { ref: "text", keepMs: "number" });
const RELEASE = reservationScript("release.lua", { ref: "text" });
const RELEASE_EXPIRED = reservationScript("release-expired.lua", { graceMs: "number", limit: "number" });

const HOLD = script({
  files: [CLOCK, SHARE, lua(import.meta.url, "hold.lua")],
  keys: ["share", "shareUntil"],
  args: { ref: "text", size: "number", maxUserBytes: "number", keepMs: "number", heldMs: "number" },
});
const DROP_SHARE = script({
  files: [CLOCK, SHARE, lua(import.meta.url, "drop-share.lua")],
  keys: ["share", "shareUntil"],
  args: { ref: "text" },
});
const DELETE_IF = script({
  files: [lua(import.meta.url, "../redis/delete-if.lua")],
  keys: ["name"],
  args: { expected: "text" },
});

/** The limits for the bytes of one user and for the bytes of all users together. */
export interface ByteShares {
  readonly maxUserBytes: number;
  readonly maxBytes: number;
}

/** Reserves room for `size` bytes against the limit of all users. Idempotent by ref. A refusal reserves nothing. */
export async function reserveRoom(
  store: Store,
  of: { ref: string; size: number; maxBytes: number; keepMs: number },
): Promise<"reserved" | "busy"> {
  const [status] = await run(store.redis, RESERVE, { keys: RESERVATION, args: of });
  return status === "BUSY" ? "busy" : "reserved";
}

/**
 * Grows a reservation to `room` bytes if it is smaller, and keeps it for `keepMs` from now. `busy`: the limit of all
 * users is used up, so the reservation keeps its size. `gone`: the reservation has expired. Idempotent.
 */
export async function growRoom(
  store: Store,
  of: { ref: string; room: number; maxBytes: number; keepMs: number },
): Promise<{ kind: "ok" | "busy"; room: number } | { kind: "gone" }> {
  const [status, room] = await run(store.redis, GROW, { keys: RESERVATION, args: of });
  if (status === "GONE") return { kind: "gone" };
  return { kind: status === "BUSY" ? "busy" : "ok", room: Number(room) };
}

/** Keeps a reservation for `keepMs` from now, if it exists. */
export async function renewRoom(store: Store, ref: string, keepMs: number): Promise<void> {
  await run(store.redis, RENEW, { keys: RESERVATION, args: { ref, keepMs } });
}

/** Ends a reservation. Idempotent. */
export async function releaseRoom(store: Store, ref: string): Promise<void> {
  await run(store.redis, RELEASE, { keys: RESERVATION, args: { ref } });
}

/** Replaces the reservation of a file by one of its real size, which is smaller. */
export async function shrinkRoom(store: Store, of: { ref: string; size: number; keepMs: number }): Promise<void> {
  await releaseRoom(store, of.ref);
  await reserveRoom(store, { ...of, maxBytes: Number.MAX_SAFE_INTEGER });
}

/**
 * A reservation of `reserveBytes` lasts this many ms, until `confirmBytes` or `renewUnconfirmed` is called: it ends soon
 * if the process dies before all bytes are stored.
 */
const UNCONFIRMED_MS = 60_000;

/**
 * Reserves room for bytes that arrived as a whole, under a new `ref`, for {@link UNCONFIRMED_MS}. A refusal reserves
 * nothing; `freeInMs`: after how many ms the user may try again.
 */
export async function reserveBytes(
  store: Store,
  user: string,
  { ref, size, maxBytes, maxUserBytes }: ByteShares & { ref: string; size: number },
): Promise<{ kind: "reserved" | "busy" } | { kind: "quota"; freeInMs: number }> {
  const keepMs = UNCONFIRMED_MS;
  if ((await reserveRoom(store, { ref, size, maxBytes, keepMs })) === "busy") return { kind: "busy" };
  const [own, freeInMs] = await run(store.redis, HOLD, {
    keys: shareKeys(userAddress(user)),
    args: { ref, size, maxUserBytes, keepMs, heldMs: store.retentionMs + keepMs },
  });
  if (own === "OK") return { kind: "reserved" };
  await releaseRoom(store, ref);
  return { kind: "quota", freeInMs: Number(freeInMs) };
}

/** Keeps a reservation whose bytes are still being stored for another {@link UNCONFIRMED_MS}, if it exists. */
export async function renewUnconfirmed(store: Store, ref: string): Promise<void> {
  await renewRoom(store, ref, UNCONFIRMED_MS);
}

/**
 * Keeps a reservation of `reserveBytes`, whose bytes are all stored now, for the retention from now. Returns false when
 * the reservation has ended: then the bytes are removed too, or will be soon.
 */
export async function confirmBytes(
  store: Store,
  user: string,
  { ref, size }: { ref: string; size: number },
): Promise<boolean> {
  const keepMs = store.retentionMs;
  const maxBytes = Number.MAX_SAFE_INTEGER; // the limits are not checked again: the bytes are counted already
  const grown = await growRoom(store, { ref, room: size, maxBytes, keepMs });
  if (grown.kind === "gone") return false;
  const share = { ref, size, maxUserBytes: maxBytes, keepMs, heldMs: keepMs + UNCONFIRMED_MS };
  await run(store.redis, HOLD, { keys: shareKeys(userAddress(user)), args: share });
  return true;
}

/** Keeps a blob and its reservation for the retention from now. Returns false when the blob is gone. */
export async function renewBytes(store: Store, blobs: BlobStore, ref: string): Promise<boolean> {
  const [isThere] = await Promise.all([blobs.renew(ref, store.retentionMs), renewRoom(store, ref, store.retentionMs)]);
  return isThere;
}

/**
 * Decides which copy of the bytes of a text key is kept, and returns its ref: the first copy, for as long as it is
 * stored. The caller removes its own copy if another one is kept.
 */
export async function claimBytes(store: Store, blobs: BlobStore, text: string, ref: string): Promise<string> {
  for (let tries = 0; tries < 3; tries++) {
    // The claim and the renewal of the caller's copy (`ref`) are sent together, which saves a round trip. If another
    // copy is kept, the caller releases `ref`.
    const claim = store.redis.set(bytesKey(text), ref, "PX", store.retentionMs, "NX");
    const [isFirst] = await Promise.all([claim, renewBytes(store, blobs, ref)]);
    if (isFirst) return ref;
    const first = await store.redis.get(bytesKey(text));
    if (first && ((await renewBytes(store, blobs, first)) || first === ref)) {
      await store.redis.pexpire(bytesKey(text), store.retentionMs);
      return first;
    }
    if (first) await disclaimBytes(store, text, first);
  }
  return ref;
}

/**
 * Ends the sharing of the copy `ref`: users who send the same bytes from now on do not get it. Changes nothing if they
 * would get another copy.
 */
export async function disclaimBytes(store: Store, text: string, ref: string): Promise<void> {
  await run(store.redis, DELETE_IF, { keys: { name: bytesKey(text) }, args: { expected: ref } });
}

/**
 * Marks bytes as needed for an extraction with a password, for the retention. The caller sets the mark before it reads
 * the outcome of the extraction without a password. That extraction stores its outcome before it reads the mark. So
 * either the caller sees the outcome, or the bytes are kept.
 */
export async function retainBytes(store: Store, ref: string): Promise<void> {
  await store.redis.set(retainKey(ref), 1, "PX", store.retentionMs);
}
export async function areRetained(store: Store, ref: string): Promise<boolean> {
  return (await store.redis.exists(retainKey(ref))) === 1;
}

/**
 * Keeps the bytes of a file for `keepMs` from now although its text is extracted, so that users can view the file.
 * During this time the bytes count against the limit of all users and against the user's share.
 */
export async function keepBytes(
  store: Store,
  blobs: BlobStore,
  { ref, size, user, keepMs }: { ref: string; size: number; user: UserAddress; keepMs: number },
): Promise<void> {
  // The share's limit is not checked again: these bytes are counted in the share already.
  const share = { ref, size, maxUserBytes: Number.MAX_SAFE_INTEGER, keepMs, heldMs: store.retentionMs + keepMs };
  await Promise.all([
    blobs.renew(ref, keepMs),
    renewRoom(store, ref, keepMs),
    run(store.redis, HOLD, { keys: shareKeys(user), args: share }),
  ]);
}

/** Removes bytes that are no longer needed, and releases the room that they took. Idempotent. */
export async function releaseBytes(
  store: Store,
  blobs: BlobStore,
  ref: string,
  of: { text?: string; user?: UserAddress } = {},
): Promise<void> {
  await Promise.all([
    of.text && disclaimBytes(store, of.text, ref),
    blobs.remove(ref),
    releaseRoom(store, ref),
    of.user && releaseShare(store, of.user, ref),
  ]);
}

/**
 * Removes a copy of the bytes of a text key, and releases the room that it took, unless it is the kept copy: another
 * file may use that one. Idempotent.
 */
export async function releaseUnclaimed(
  store: Store,
  blobs: BlobStore,
  { ref, text, user }: { ref: string; text: string; user: UserAddress },
): Promise<void> {
  if ((await store.redis.get(bytesKey(text))) !== ref) await releaseBytes(store, blobs, ref, { user });
}

/** Stops counting a blob against its user's share. Idempotent. */
export async function releaseShare(store: Store, user: UserAddress, ref: string): Promise<void> {
  await run(store.redis, DROP_SHARE, { keys: shareKeys(user), args: { ref } });
}

const SWEPT_AT_ONCE = 100;
const SWEEP_MS = 1000;

/**
 * Removes expired bytes and releases their reservations; stops after about a second. Returns the number of released
 * reservations. Reservations are released first: if the process dies in between, the remaining bytes expire by
 * themselves.
 */
export async function sweepBytes(store: Store, blobs: BlobStore): Promise<number> {
  const end = performance.now() + SWEEP_MS;
  let swept = 0;
  let expired: Array<string | number | null>;
  do {
    const args = { graceMs: SWEEP_GRACE_MS, limit: SWEPT_AT_ONCE };
    [, ...expired] = await run(store.redis, RELEASE_EXPIRED, { keys: RESERVATION, args });
    await Promise.all(expired.map((ref) => blobs.remove(String(ref))));
    swept += expired.length;
  } while (expired.length === SWEPT_AT_ONCE && performance.now() < end);
  return swept + (await blobs.sweep());
}

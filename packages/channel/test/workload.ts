import {
  accept,
  accountAddress,
  addLink,
  append,
  askAddress,
  awaitTexts,
  begin,
  beginEdgeLease,
  beginUpload,
  cancel,
  channelOf,
  chargeBytes,
  checkAsk,
  claimBytes,
  confirm,
  claimPlaces,
  countAsks,
  countUsed,
  countUnfinished,
  conversationIds,
  createBlobStore,
  deleteConversation,
  dropForgotten,
  dropPassword,
  dropUpload,
  dueAsks,
  endEdgeLease,
  endExtraction,
  finish,
  finishUpload,
  foreseeRefusal,
  forgetHidden,
  forgetUpload,
  forgetUploads,
  forgetUploadsOf,
  forgetUser,
  giveFeedback,
  handBack,
  hideAsk,
  isForgotten,
  keepUpload,
  listConversations,
  newNonce,
  newOwner,
  newRef,
  openLog,
  ownUploads,
  park,
  peekWaiting,
  publishProgress,
  queueExtraction,
  readPassword,
  readProfile,
  readSecret,
  readText,
  releaseBytes,
  renameConversation,
  renewEdgeLease,
  renewUpload,
  reserveBytes,
  retainBytes,
  revoke,
  restoreProfile,
  runningAsks,
  setPassword,
  setProfile,
  shareSecret,
  spare,
  stopWaiting,
  storeChunk,
  sweepBytes,
  take,
  takeWaiting,
  textKey,
  textState,
  useText,
  writeQuota,
  writeText,
  type Store,
  type TakenAsk,
  endLinks,
  linkDigest,
  readLink,
} from "../src/index.ts";

const USER = "alice";
const TALK = "talk";
const at = askAddress(USER, TALK, "one");

/**
 * Does every step of one user and one conversation, and calls `between` while the stored data exist. Returns the
 * channels of the conversation. @throws Error when a step does not end as it should.
 */
export async function workload(store: Store, between: () => Promise<void>): Promise<string[]> {
  await settings(store);
  await uploads(store, between);
  await asks(store, between);
  await texts(store, between);
  await places(store, between);
  await usage(store, between);
  return [channelOf(at)];
}

async function usage(store: Store, between: () => Promise<void>): Promise<void> {
  const network = accountAddress({ kind: "user", name: USER });
  await chargeBytes(store, network, { budget: "log", bytes: 1, maxBytes: 9 });
  await countUsed(store, network, "pages", 3);
  await writeQuota(store.redis, "asks", 9);
  await countAsks(store, network, [at], { bytes: 1, maxBytes: 9, maxRunning: 0 });
  await countAsks(store, network, [at], { bytes: 1, maxBytes: 9, maxRunning: 9 });
  await between();
}

async function places({ redis }: Store, between: () => Promise<void>): Promise<void> {
  await beginEdgeLease(redis, "one", 60_000);
  if (!(await renewEdgeLease(redis, "one", 60_000))) throw new Error("the lease was lost");
  await claimPlaces(redis, USER, { node: "dead", held: 0, wanted: 2, max: 2 });
  await claimPlaces(redis, USER, { node: "one", held: 0, wanted: 1, max: 2 });
  await between();
  await claimPlaces(redis, USER, { node: "one", held: 0, wanted: 0, max: 2 });
  await endEdgeLease(redis, "one");
}

function must(result: { kind: string }, kind: string): void {
  if (result.kind !== kind) throw new Error(`${result.kind} instead of ${kind}`);
}

async function settings(store: Store): Promise<void> {
  await setProfile(store, "profile");
  await readProfile(store);
  await readSecret(store);
  await shareSecret(store, "session");
  await restoreProfile(store, "profile");
  await revoke(store.redis, { user: USER });
}

async function ask(store: Store, id: string): Promise<void> {
  const body = { message: "?", files: [], origin: "socket" } as const;
  const input = { user: USER, conversation: TALK, id, body, digest: "d", trace: "t", nonce: newNonce() };
  await foreseeRefusal(store, { ...input, maxInFlight: 9 }, async () => "d");
  must(await accept(store, { ...input, maxInFlight: 9 }), "accepted");
}

async function taken(store: Store, owner: string, maxAttempts = 0): Promise<TakenAsk> {
  const head = await take(store, at, owner, { maxAttempts });
  if (head.kind !== "taken") throw new Error(`${head.kind} instead of taken`);
  return head.ask;
}

/**
 * Runs three asks: one is cancelled while it waits, one is completed after three owners have run it, and one is ended
 * by the sweeper.
 */
async function asks(store: Store, between: () => Promise<void>): Promise<void> {
  for (const id of ["zero", "one", "two"]) await ask(store, id);
  must(await cancel(store, { user: USER, conversation: TALK, id: "zero", nonce: newNonce() }), "cancelled");
  const rated = { user: USER, conversation: TALK, id: "zero", nonce: newNonce() };
  must({ kind: await giveFeedback(store, rated, { verdict: "up", word: "fine" }) }, "written");
  await hideAsk(store, USER, "zero");
  const [first, second, third] = [newOwner(), newOwner(), newOwner()];
  must(await park(store, await taken(store, first), first), "parked");
  must(await handBack(store, await taken(store, second), second), "handed-back");
  const one = await taken(store, third);
  must(await begin(store, one, third, 3), "begun");
  must(await confirm(store, one, third), "ok");
  await spare(store, one, 1);
  const delta = { type: "delta", text: "yes" } as const;
  must(await append(store, one, { attempt: 1, n: 1 }, { events: [delta], nonce: newNonce() }), "written");
  await publishProgress(store, at, { conversation: TALK, ask: "one", stage: "asking" });
  await between();
  const timings = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
  const end = { type: "completed", text: "yes", timings } as const;
  must(await finish(store, one, { attempt: 1, n: 2 }, { end, nonce: newNonce() }), "finished");
  await taken(store, newOwner(), 3);
  must(await cancel(store, { user: USER, conversation: TALK, id: "two", nonce: newNonce() }), "flagged");
  await dueAsks(store, 10);
  for await (const running of runningAsks(store, [at.shard])) {
    if (running.length !== 1) throw new Error(`${running.length} running asks instead of 1`);
  }
  const checked = await checkAsk(store, askAddress(USER, TALK, "two"));
  await between();
  if (checked.kind !== "found") throw new Error("the ask was not found");
  const cancelled = { type: "cancelled", text: "" } as const;
  must(await finish(store, checked.ask, "any", { end: cancelled, nonce: newNonce() }), "finished");
  if ((await countUnfinished(store)).sum !== 0) throw new Error("an ask is left");
  must(await openLog(store, USER, TALK), "opened");
  await between();
}

async function uploads(store: Store, between: () => Promise<void>): Promise<void> {
  const blobs = createBlobStore("redis", store);
  const shares = { maxUserBytes: 100, maxBytes: 1000, maxUnfinished: 9, size: 3 };
  const bytes = Buffer.from("abc");
  for (const id of ["kept", "dropped"]) {
    const begun = await beginUpload(store, USER, { id, name: "a.pdf", type: "t", ref: newRef(), ...shares });
    if (begun.kind !== "begun") throw new Error(`${begun.kind} instead of begun`);
    const { upload } = begun;
    must(await storeChunk(store, blobs, USER, { upload, offset: 0, bytes, maxBytes: 1000 }), "advanced");
    await between();
    if (id === "dropped") await dropUpload(store, blobs, USER, upload);
    const ref = await claimBytes(store, blobs, "sha", upload.ref);
    await finishUpload(store, USER, id, { sha256: "sha", ref, text: "text", size: 3 });
    await renewUpload(store, USER, id);
    await retainBytes(store, ref);
  }
  const inline = newRef();
  await reserveBytes(store, USER, { ref: inline, ...shares });
  await keepUpload(store, USER, {
    id: "whole",
    name: "a.pdf",
    type: "t",
    size: 3,
    ref: inline,
    sha256: "sha",
    text: "text",
  });
  await between();
  await releaseBytes(store, blobs, inline, { text: "sha", user: at });
  await sweepBytes(store, blobs);
}

/** Stores an upload that a conversation uses, and removes it together with the conversation. */
async function forgotten(store: Store, between: () => Promise<void>): Promise<void> {
  const deps = { store, blobs: createBlobStore("redis", store), endJob: () => Promise.resolve() };
  const of = { name: "a.pdf", type: "t", size: 3, ref: newRef(), sha256: "other", text: "other-text" };
  await useText(store, at, of.text);
  await keepUpload(store, USER, { id: "used", ...of });
  await renewUpload(store, USER, "used", { conversation: at, text: of.text });
  await between();
  await forgetHidden(deps, USER);
  if ((await forgetUpload(deps, USER, "used")) === "unknown") throw new Error("there was no upload");
  await between();
  await renewUpload(store, USER, "kept", { conversation: at, text: "text" });
  await forgetUploadsOf(deps, USER, at);
  await isForgotten(store, of.text);
  await dropForgotten(store, of.text);
  const added = await addLink(store, USER, { conversation: TALK, ttlMs: 60_000 });
  await readLink(store, linkDigest(added.kind === "added" ? added.token : "") ?? "");
  await between();
  await endLinks(store, USER, TALK);
  await ask(store, "last");
  await renameConversation(store, USER, { conversation: TALK, title: "a title" });
  await listConversations(store, USER, { limit: 9 });
  await deleteConversation(store, USER, TALK);
  await forgetUploads(deps, USER, await ownUploads(store, USER));
  await between();
  await conversationIds(store, USER);
  if (!(await forgetUser(store, USER))) throw new Error("something of the user is left");
}

async function texts(store: Store, between: () => Promise<void>): Promise<void> {
  const key = textKey("secret", { sha256: "sha", profile: "profile" });
  await queueExtraction(store, at, key);
  await useText(store, at, key);
  await setPassword(store, key, "sesame", 60_000);
  await awaitTexts(store, at, [key]);
  await between();
  await peekWaiting(store, key);
  await readPassword(store, key);
  await writeText(store, key, { kind: "failed", code: "INTERNAL", permanent: false });
  await between();
  const rest = { chars: 1, missing: [], ocr: [], truncated: false, extractMs: 1 };
  await writeText(store, key, { kind: "text", pages: ["a"], ...rest });
  await textState(store, [key]);
  await readText(store, key);
  await between();
  await forgotten(store, between);
  await dropPassword(store, key);
  await takeWaiting(store, key);
  await stopWaiting(store, at, [key]);
  await endExtraction(store, at, key);
}

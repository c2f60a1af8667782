import { expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  beginUpload,
  claimBytes,
  conversationAddress,
  createBlobStore,
  dropForgotten,
  finish,
  finishUpload,
  forgetHidden,
  forgetUnnamed,
  forgetUpload,
  forgetUploads,
  forgetUploadsOf,
  forgetUser,
  keepUpload,
  newNonce,
  newRef,
  ownUploads,
  queueExtraction,
  readUpload,
  releaseBytes,
  renewUpload,
  reserveBytes,
  textState,
  userAddress,
  useText,
  writeText,
} from "../index.ts";

const channel = useChannel();
const removed: string[] = [];
const deps = () => ({
  store: channel.store,
  blobs: createBlobStore("redis", channel.store),
  endJob: async (text: string) => void removed.push(text),
});
const TEXT = { kind: "text", pages: ["page"], chars: 4, missing: [], ocr: [], truncated: false, extractMs: 1 } as const;
const SHARES = { maxUserBytes: 1000, maxBytes: 1000 };

/** Stores a file as an edge does, and its text as a worker does. */
async function send(id: string, sha256 = "sha", user = channel.user): Promise<{ ref: string; text: string }> {
  const { store } = channel;
  const { blobs } = deps();
  const own = newRef();
  const text = `text-of-${sha256}`;
  await reserveBytes(store, user, { ref: own, size: 3, ...SHARES });
  await blobs.write(own, 0, Buffer.from("abc"));
  await useText(store, userAddress(user), text);
  const ref = await claimBytes(store, blobs, text, own);
  if (ref !== own) await releaseBytes(store, blobs, own, { user: userAddress(user) });
  await keepUpload(store, user, { id, name: `${id}.pdf`, type: "t", size: 3, ref, sha256, text });
  await writeText(store, text, TEXT);
  return { ref, text };
}
const use = (id: string, text: string, conversation = CONVERSATION) =>
  renewUpload(channel.store, channel.user, id, { conversation: conversationAddress(channel.user, conversation), text });
const isThere = async ({ ref, text }: { ref: string; text: string }) => ({
  bytes: await deps().blobs.exists(ref),
  text: (await textState(channel.store, [text]))[0] === "text",
});
/** The keys that are left, except marks without a user and counters of all users. */
const keysLeft = async () =>
  (await channel.store.redis.keys("*")).filter((key) => !/^gone:|^{blobs}:total$|:share(-until)?$/.test(key));
const names = async () => (await ownUploads(channel.store, channel.user)).map(({ id }) => id).toSorted();

it("go with their conversation, and the others stay", async () => {
  const [used, shared, unused] = [await send("used", "a"), await send("shared", "b"), await send("unused", "c")];
  await use("used", used.text);
  await use("used", "locked-text");
  await writeText(channel.store, "locked-text", TEXT);
  await useText(channel.store, userAddress(channel.user), "locked-text");
  await use("shared", shared.text);
  await use("shared", shared.text, "other");
  removed.length = 0;
  await forgetUploadsOf(deps(), channel.user, conversationAddress(channel.user, CONVERSATION));
  expect(await names()).toEqual(["shared", "unused"]);
  expect(await isThere(used)).toEqual({ bytes: false, text: false });
  expect(removed.toSorted()).toEqual(["locked-text", used.text]);
  for (const file of [shared, unused]) expect(await isThere(file)).toEqual({ bytes: true, text: true });
  await forgetUploadsOf(deps(), channel.user, conversationAddress(channel.user, "other"));
  expect(await names()).toEqual(["unused"]);
});

it.each([
  ["another user", "another"],
  ["the same user", undefined],
])("leave their bytes and text to %s who has sent the same file", async (_who, other = channel.user) => {
  const file = await send("mine");
  expect(await send("theirs", "sha", other)).toEqual(file);
  expect(await forgetUpload(deps(), channel.user, "mine")).toBe("forgotten");
  expect(await forgetUpload(deps(), channel.user, "mine")).toBe("unknown");
  expect(await isThere(file)).toEqual({ bytes: true, text: true });
  await forgetUploads(deps(), other, await ownUploads(channel.store, other));
  expect(await isThere(file)).toEqual({ bytes: false, text: false });
  expect(await keysLeft()).toEqual([]);
});

const asked = ({ text, ref }: { text: string; ref: string }) => ({
  body: { message: "?", files: [{ name: "mine.pdf", size: 3, sha256: "sha", text, ref }], origin: "socket" as const },
});

it("lose only their name while an unfinished ask needs the rest, and go when it has ended", async () => {
  const file = await send("mine");
  await use("mine", file.text);
  await channel.ask("one", asked(file));
  for (let tries = 0; tries < 2; tries++) expect(await forgetUpload(deps(), channel.user, "mine")).toBe("needed");
  expect(await readUpload(channel.store, channel.user, "mine")).toBeUndefined();
  expect(await forgetHidden(deps(), channel.user)).toBe(true);
  expect(await isThere(file)).toEqual({ bytes: true, text: true });
  const { ask } = await channel.taken();
  await finish(channel.store, ask, "any", { end: { type: "cancelled", text: "" }, nonce: newNonce() });
  await channel.ask("two"); // an ask without files needs none
  expect(await forgetHidden(deps(), channel.user)).toBe(false);
  expect(await isThere(file)).toEqual({ bytes: false, text: false });
  expect(await forgetUpload(deps(), channel.user, "mine")).toBe("unknown");
});

it("that an unfinished ask needs go with their conversation", async () => {
  const file = await send("mine");
  await use("mine", file.text);
  await channel.ask("one", asked(file));
  expect(await forgetUpload(deps(), channel.user, "mine")).toBe("needed");
  await forgetUploadsOf(deps(), channel.user, channel.at);
  expect(await isThere(file)).toEqual({ bytes: false, text: false });
});

it("whose text is written after it was forgotten do not keep it, unless somebody wants it again", async () => {
  const file = await send("mine");
  await forgetUpload(deps(), channel.user, "mine");
  await writeText(channel.store, file.text, TEXT);
  expect(await dropForgotten(channel.store, file.text)).toBe(true);
  expect(await textState(channel.store, [file.text])).toEqual(["missing"]);
  await useText(channel.store, userAddress("another"), file.text);
  await writeText(channel.store, file.text, TEXT);
  expect(await dropForgotten(channel.store, file.text)).toBe(false);
  expect(await textState(channel.store, [file.text])).toEqual(["text"]);
});

it.each(["nobody", "another user"])("no longer count as waiting extractions if %s has the same file", async (who) => {
  const { store, user } = channel;
  const file = await send("mine");
  if (who === "another user") await send("theirs", "sha", who);
  expect(await queueExtraction(store, userAddress(user), file.text)).toBe(1);
  removed.length = 0;
  await forgetUpload(deps(), user, "mine");
  expect(removed).toEqual(who === "nobody" ? [file.text] : []);
  expect(await queueExtraction(store, userAddress(user), "next")).toBe(1);
});

it("of an older process, whose users were not counted, leave the text", async () => {
  const file = await send("mine");
  await channel.store.redis.del(`uses:{text:${file.text}}`);
  await forgetUpload(deps(), channel.user, "mine");
  expect(await textState(channel.store, [file.text])).toEqual(["text"]);
});

it("are removed to the end by the next try, when one has failed half way", async () => {
  const failing = { ...deps(), blobs: { ...deps().blobs, remove: () => Promise.reject(new Error("away")) } };
  const file = await send("mine");
  await use("mine", file.text);
  await expect(forgetUploadsOf(failing, channel.user, channel.at)).rejects.toThrow("away");
  expect(await readUpload(channel.store, channel.user, "mine")).toBeUndefined();
  await forgetUploadsOf(deps(), channel.user, channel.at);
  expect(await isThere(file)).toEqual({ bytes: false, text: false });

  const other = await send("other", "b");
  await expect(forgetUpload(failing, channel.user, "other")).rejects.toThrow("away");
  await forgetUpload(deps(), channel.user, "other");
  expect(await isThere(other)).toEqual({ bytes: false, text: false });
  expect(await names()).toEqual([]);
});

it("that lost their name only take no other file under it", async () => {
  const file = await send("mine");
  await use("mine", file.text);
  await channel.ask("one", asked(file));
  await forgetUpload(deps(), channel.user, "mine");
  const again = { id: "mine", name: "mine.pdf", type: "t", size: 3, ref: newRef(), maxUnfinished: 9, ...SHARES };
  expect(await beginUpload(channel.store, channel.user, again)).toEqual({ kind: "conflict" });
});

/** Begins an upload and stores its bytes. `end` ends it as an edge does, and returns whether it was still there. */
async function begun(
  id: string,
): Promise<{ end(): Promise<"finished" | "unknown">; file: { ref: string; text: string } }> {
  const { store, user } = channel;
  const { blobs } = deps();
  const of = { id, name: "a.pdf", type: "t", size: 3, ref: newRef(), maxUnfinished: 9, ...SHARES };
  expect(await beginUpload(store, user, of)).toMatchObject({ kind: "begun" });
  await blobs.write(of.ref, 0, Buffer.from("abc"));
  const file = { ref: of.ref, text: `text-of-${id}` };
  const end = async () => {
    await Promise.all([useText(store, userAddress(user), file.text), claimBytes(store, blobs, file.text, of.ref)]);
    return finishUpload(store, user, id, { ...file, sha256: "sha", size: 3 });
  };
  return { end, file };
}

it("that finish after a removal has found them leave nothing", async () => {
  const { end, file } = await begun("mine");
  const found = await ownUploads(channel.store, channel.user);
  expect(await end()).toBe("finished");
  await writeText(channel.store, file.text, TEXT);
  await forgetUploads(deps(), channel.user, found);
  expect(await keysLeft()).toEqual([]);
});

it.each(["before", "after"])("that would finish %s a removal has taken their record leave nothing", async (when) => {
  const { end, file } = await begun("mine");
  const { blobs } = deps();
  const remove = async (ref: string) => {
    expect(await end()).toBe("unknown");
    await blobs.remove(ref);
  };
  const found = await ownUploads(channel.store, channel.user);
  await forgetUploads({ ...deps(), ...(when === "before" && { blobs: { ...blobs, remove } }) }, channel.user, found);
  if (when === "after") expect(await end()).toBe("unknown");
  await forgetUnnamed(deps(), channel.user, file);
  expect(await keysLeft()).toEqual([]);
});

it("that are being removed are neither used nor kept again", async () => {
  const file = await send("mine");
  const { blobs } = deps();
  const answers: string[] = [];
  const remove = async (ref: string) => {
    const { store, user } = channel;
    const whole = { id: "mine", name: "mine.pdf", type: "t", size: 3, sha256: "sha", ...file };
    answers.push(await use("mine", file.text), await keepUpload(store, user, whole));
    await blobs.remove(ref);
  };
  const all = await ownUploads(channel.store, channel.user);
  await forgetUploads({ ...deps(), blobs: { ...blobs, remove } }, channel.user, all);
  expect(answers).toEqual(["unknown", "leaving"]);
  expect(await use("mine", file.text)).toBe("unknown");
  expect(await keysLeft()).toEqual([]);
});

it("that come while their user is forgotten stay listed, so that the next removal finds them", async () => {
  const { store, user } = channel;
  const redis = new Proxy(store.redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "unlink") return typeof value === "function" ? value.bind(target) : value;
      return async (...keys: string[]) => {
        await send("late");
        return target.unlink(...keys);
      };
    },
  });
  expect(await forgetUser({ ...store, redis }, user)).toBe(true);
  expect(await names()).toEqual(["late"]);
  expect(await forgetUser(store, user)).toBe(false);
  await forgetUploads(deps(), user, await ownUploads(store, user));
  expect(await forgetUser(store, user)).toBe(true);
  expect(await keysLeft()).toEqual([]);
});

import { createBlobStore, ownUploads, userAddress, useText, type Store } from "@docrelay/channel";
import { createProducer, type Producer } from "@docrelay/jobs";
import { eventually, makePdf } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { useEdges, USER, type Client } from "../../test/fixture.ts";
import { orderText } from "./extraction.ts";
import { createOwnFiles, type OwnFiles } from "./own-files.ts";

const relay = useEdges();

const depsOf = (more: { store?: Store; producer?: Producer }) => ({
  store: relay.store,
  blobs: createBlobStore("redis", relay.store),
  producer: createProducer({ connection: relay.store.redis }),
  quotas: { chargedFor: () => [] },
  ...more,
});

/** Makes an `OwnFiles` beside that of the edge, with this store or producer. */
function ownFilesOf(more: { store?: Store; producer?: Producer }): OwnFiles {
  return createOwnFiles({ ...depsOf(more), onTrouble: (error) => expect.fail(String(error)) });
}

async function send(client: Client, upload: string): Promise<void> {
  const bytes = Buffer.from(makePdf({ pages: [upload] }));
  await client.send("upload:start", { upload, name: "a.pdf", type: "application/pdf", size: bytes.length });
  expect(await client.send("upload:chunk", { upload, offset: 0, bytes })).toMatchObject({ done: true });
}

/** Returns a store whose next reading of a list is answered only when `release` has been called. */
function holdNextList(): { store: Store; isHeld(): boolean; hold(): void; release(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let next: "free" | "hold" | "held" = "free";
  const redis = new Proxy(relay.store.redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "lrange" || next !== "hold") return value.bind(target) as unknown;
      next = "held";
      return async (...args: unknown[]) => {
        const list: unknown = await Reflect.apply(value, target, args);
        await promise;
        return list;
      };
    },
  });
  const hold = (): void => void (next = "hold");
  return { store: { ...relay.store, redis }, isHeld: () => next === "held", hold, release: resolve };
}

it("a file that is removed while its user's removed files are looked for goes when its ask has ended", async () => {
  const client = await relay.client();
  const names = async (): Promise<string[]> => (await ownUploads(relay.store, USER)).map(({ id }) => id);
  for (const name of ["first", "second"]) {
    await send(client, name);
    expect(await client.ask(name, { conversation: name, files: [{ upload: name }] })).toMatchObject({ ok: true });
  }
  const { store, isHeld, hold, release } = holdNextList();
  const ownFiles = ownFilesOf({ store });
  expect(await ownFiles.remove(USER, "first")).toBe(true);
  await relay.answer("first", ["An answer."]);
  hold();
  await eventually(isHeld);
  expect(await ownFiles.remove(USER, "second")).toBe(true);
  release();
  await eventually(async () => (await names()).join() === "second");
  await relay.answer("second", ["An answer."]);
  await eventually(async () => (await names()).length === 0, { what: "the end of the second file" });
});

it("the file of a user who sends it while its last user removes it is extracted for the new user", async () => {
  await send(await relay.client(), "mine");
  const [mine] = await ownUploads(relay.store, USER);
  if (mine?.text === undefined) throw new Error("the upload has no text key");
  const { text, ref, size } = mine;
  const file = { text, ref, size, sha256: "0".repeat(64) };
  await using real = createProducer({ connection: relay.store.redis });
  await eventually(async () => (await real.state(text)) === "waiting");
  const remove = async (key: string): Promise<void> => {
    await useText(relay.store, userAddress("another"), key);
    await orderText(depsOf({ producer: real }), "another", file, "trace");
    await real.remove(key);
  };
  expect(await ownFilesOf({ producer: { ...real, remove } }).remove(USER, "mine")).toBe(true);
  expect(await real.find(text)).toMatchObject({ key: text, ref, ...userAddress("another") });
  expect(await createBlobStore("redis", relay.store).exists(ref)).toBe(true);
});

import { createBlobStore, ownUploads, type Store } from "@docrelay/channel";
import { createProducer } from "@docrelay/jobs";
import { eventually, makePdf } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { useEdges, USER } from "../../test/fixture.ts";
import { createOwnFiles, type OwnFiles } from "./own-files.ts";

const relay = useEdges();

/** Makes an `OwnFiles` beside that of the edge, with this store. */
function ownFilesOf(store: Store): OwnFiles {
  return createOwnFiles({
    store,
    blobs: createBlobStore("redis", relay.store),
    producer: createProducer({ connection: relay.store.redis }),
    quotas: { chargedFor: () => [] },
    onTrouble: (error) => expect.fail(String(error)),
  });
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
    const bytes = Buffer.from(makePdf({ pages: [name] }));
    await client.send("upload:start", { upload: name, name: "a.pdf", type: "application/pdf", size: bytes.length });
    await client.send("upload:chunk", { upload: name, offset: 0, bytes });
    expect(await client.ask(name, { conversation: name, files: [{ upload: name }] })).toMatchObject({ ok: true });
  }
  const { store, isHeld, hold, release } = holdNextList();
  const ownFiles = ownFilesOf(store);
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

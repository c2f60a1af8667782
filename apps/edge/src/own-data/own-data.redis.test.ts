import { countUsed, userAddress } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { useEdges, USER, type Answer } from "../../test/fixture.ts";
import { createOwnData } from "./own-data.ts";

const relay = useEdges({ count: 2, env: { MAX_USER_LOG_BYTES: "65536" } });

it("a count that comes after a user's data were removed is removed, too", async () => {
  const nothing = { removeAll: () => Promise.resolve() } as never; // this user has no conversations and no files
  const errors: unknown[] = [];
  const ownData = createOwnData({
    store: relay.store,
    blobs: undefined as never,
    openConversation: undefined as never,
    conversations: nothing,
    ownFiles: nothing,
    quotas: { isBounded: () => false },
    onTrouble: (error) => errors.push(error),
    lateMs: 300,
  });
  const of = userAddress(USER);
  const keys = (): Promise<string[]> => relay.store.redis.keys(`*${of.u}*`);
  await countUsed(relay.store, of, "pages", 3);
  expect(await keys()).toHaveLength(1);
  await ownData.remove(USER);
  expect(await keys()).toEqual([]);
  await countUsed(relay.store, of, "pages", 3); // an extraction that the removal has ended
  expect(await keys()).toHaveLength(1);
  await eventually(async () => (await keys()).length === 0, { what: "the end of the late count" });
  expect(errors).toEqual([]);
});

it("a user who has removed all data may ask again through every edge, although the share of storage was used up", async () => {
  const token = await relay.token();
  const ask = async (n: number, message: string): Promise<Answer> => {
    const client = await relay.client(relay.edges[n]);
    const id = `a${Math.random().toString(36).slice(2)}`;
    return client.ask(id, { conversation: id, message });
  };
  for (const n of [0, 1]) {
    await eventually(async () => (await ask(n, "x".repeat(9000))).error?.code === "QUOTA_EXCEEDED");
  }
  const headers = { authorization: `Bearer ${token}` };
  const url = `http://127.0.0.1:${relay.edges[0]?.port}/v1/me`;
  expect((await fetch(url, { method: "DELETE", headers })).status).toBe(204);
  for (const n of [0, 1]) expect(await ask(n, "?")).toMatchObject({ ok: true });
});

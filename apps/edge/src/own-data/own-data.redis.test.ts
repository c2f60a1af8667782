import { countUsed, userAddress } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { useEdges, USER } from "../../test/fixture.ts";
import { createOwnData } from "./own-data.ts";

const relay = useEdges();

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

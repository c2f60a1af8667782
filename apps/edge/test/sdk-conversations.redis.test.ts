import { connect, memoryStorage, type ConversationsHint, type Relay } from "@docrelay/client";
import { eventually } from "@docrelay/testkit";
import { afterEach, expect, it } from "vitest";
import { useEdges } from "./fixture.ts";

const fixture = useEdges({ count: 2 });
const relays: Relay[] = [];
afterEach(() => {
  for (const relay of relays.splice(0)) relay.close();
});
async function connected(edge: number): Promise<Relay> {
  const token = await fixture.token();
  const relay = connect({ url: `http://127.0.0.1:${fixture.edges[edge]?.port}`, token, storage: memoryStorage() });
  relays.push(relay);
  return relay;
}

it("lists, renames and deletes conversations, and hears of what other connections do", async () => {
  const [here, there] = [await connected(0), await connected(1)];
  await there.conversations.list(); // resolves once the connection is open
  const heard: Array<ConversationsHint | undefined> = [];
  const stop = there.conversations.onChange((change) => void heard.push(change));
  await here.conversation("talk").ask("What is inside?").accepted;
  const { conversations, more } = await there.conversations.list({ limit: 10 });
  expect(more).toBe(false);
  expect(conversations).toMatchObject([{ id: "talk", title: "What is inside?", asks: 1, files: [] }]);
  // The first hint may come before the other edge has subscribed, and so be lost. So the test renames until a hint
  // arrives.
  await eventually(async () => {
    await here.conversations.rename("talk", "Mine");
    return heard.some((change) => change?.change === "renamed");
  });
  expect((await there.conversations.list()).conversations[0]?.title).toBe("Mine");
  await here.conversations.delete("talk");
  await eventually(() => heard.some((change) => change?.change === "deleted"));
  expect((await there.conversations.list()).conversations).toEqual([]);
  await expect(here.conversations.rename("talk", "x")).rejects.toMatchObject({ code: "NOT_FOUND" });
  stop();
  const before = heard.length;
  await there.conversations.delete("talk");
  expect(heard).toHaveLength(before);
});

it("shares a conversation: whoever has the token reads it, until its links are ended", async () => {
  const edge = await fixture.start({ SHARE_TTL_MS: "60000" });
  const url = `http://127.0.0.1:${edge.port}`;
  const owner = connect({ url, token: await fixture.token(), storage: memoryStorage() });
  await owner.conversation("talk").ask("What is inside?").accepted;
  const { token } = await owner.conversations.share("talk");
  const reader = connect({ url, token, storage: memoryStorage() });
  relays.push(owner, reader);
  const talk = reader.conversation("talk");
  talk.onTurns(() => undefined);
  await eventually(() => talk.turns.length === 1);
  await owner.conversation("talk").ask("And else?").accepted;
  await eventually(() => talk.turns.length === 2);
  await expect(reader.conversations.list()).rejects.toMatchObject({ code: "FORBIDDEN" });
  const why: Array<string | undefined> = [];
  reader.onState((_state, error) => void why.push(error?.code));
  await owner.conversations.unshare("talk");
  await eventually(() => why.includes("AUTH_INVALID"));
});

import { conversationsHintSchema, httpConversationsSchema, listAckSchema } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { beginHead, CONVERSATION, heard, useEdges, USER, type Client } from "../../test/fixture.ts";
import { refusal } from "../../test/http-client.ts";

const relay = useEdges({ count: 2 });

async function list(client: Client, by: object = {}) {
  const answer = z.parse(listAckSchema, await client.send("conversations:list", by));
  if (!answer.ok) throw new Error(answer.error.code);
  return answer;
}
async function http(path: string, { method = "GET", user = USER, edge = 0 } = {}): Promise<Response> {
  const authorization = `Bearer ${await relay.token(user)}`;
  return fetch(`http://127.0.0.1:${relay.edges[edge]?.port}/v1/conversations${path}`, {
    method,
    headers: { authorization },
  });
}
const hints = ({ said }: Client): unknown[] =>
  said.flatMap(([name, payload]) => (name === "conversations" ? [z.parse(conversationsHintSchema, payload)] : []));
let probes = 0;
/**
 * Opens two connections of one user on two edges, and one of another user. Resolves once hints reach the connections.
 */
async function three(): Promise<[mine: Client, other: Client, stranger: Client]> {
  const mine = await relay.client(relay.edges[0]);
  const other = await relay.client(relay.edges[1]);
  const stranger = await relay.client(relay.edges[1], "stranger");
  await eventually(async () => {
    await mine.send("conversation:delete", { conversation: "probe" });
    await mine.ask(`probe-${probes++}`, { conversation: "probe" });
    return hints(other).length > 0;
  });
  await mine.send("conversation:delete", { conversation: "probe" });
  await eventually(() => JSON.stringify(hints(other).at(-1)).includes("deleted"));
  for (const { said } of [mine, other, stranger]) said.length = 0;
  return [mine, other, stranger];
}

describe("a user's conversations", () => {
  it("are listed, renamed and deleted from any connection, and the others of the user hear of it", async () => {
    const [mine, other, stranger] = await three();
    await mine.ask("a", { message: "What is inside?" });
    const { conversations, more } = await list(other);
    expect(more).toBe(false);
    expect(conversations).toMatchObject([{ id: CONVERSATION, title: "What is inside?", asks: 1, files: [] }]);
    const renamed = { conversation: CONVERSATION, title: "  Mine " };
    expect(await mine.send("conversation:rename", renamed)).toEqual({ ok: true });
    expect((await list(other)).conversations[0]?.title).toBe("Mine");
    expect(await mine.send("conversation:delete", { conversation: CONVERSATION })).toEqual({ ok: true });
    expect((await list(other)).conversations).toEqual([]);
    await eventually(() => hints(other).length === 3);
    const of = (change: string): object => ({ conversation: CONVERSATION, change });
    expect(hints(other)).toEqual([of("added"), of("renamed"), of("deleted")]);
    expect([...hints(mine), ...hints(stranger)]).toEqual([]);
  });

  it("end their asks when they are deleted; nothing of it is left, and it may begin anew", async () => {
    const client = await relay.client();
    await client.ask("earlier", { conversation: "earlier" }); // the edge now stores the secret of digests
    const before = await relay.dump();
    await client.ask("running", { message: "canary" });
    await client.ask("waiting", { message: "canary" });
    const head = await beginHead(relay.store, USER, CONVERSATION);
    await head.say("canary");
    await heard(client, 5);
    expect((await http(`/${CONVERSATION}`, { method: "DELETE", edge: 1 })).status).toBe(204);
    const events = await heard(client, 7);
    expect(events.slice(5)).toMatchObject([
      { seq: 5, ask: "running", type: "cancelled" },
      { seq: 6, ask: "waiting", type: "cancelled" },
    ]);
    await head.complete();
    const after = await relay.dump();
    expect(JSON.stringify([...after])).not.toContain("canary");
    expect([...after.keys()].filter((key) => !before.has(key))).toEqual([]);
    expect((await http(`/${CONVERSATION}`, { method: "DELETE" })).status).toBe(204);
    expect(await client.open(CONVERSATION)).toMatchObject({ events: [], first: 1, head: null });
    expect(await client.ask("running")).toMatchObject({ ok: true, seq: 1, duplicate: false });
  });

  it("of another user are unknown", async () => {
    await (await relay.client()).ask("a");
    const stranger = await relay.client(relay.edges[1], "stranger");
    expect((await list(stranger)).conversations).toEqual([]);
    const rename = await stranger.send("conversation:rename", { conversation: CONVERSATION, title: "x" });
    expect(rename.error?.code).toBe("NOT_FOUND");
    expect(await stranger.send("conversation:delete", { conversation: CONVERSATION })).toEqual({ ok: true });
    expect((await http("", { user: "stranger" })).status).toBe(200);
    expect((await http(`/${CONVERSATION}`, { method: "DELETE", user: "stranger" })).status).toBe(204);
    expect((await http(`/${CONVERSATION}`)).status).toBe(200);
  });

  it("are listed over HTTP, in pages", async () => {
    const client = await relay.client();
    for (const conversation of ["one", "two", "three"]) await client.ask(conversation, { conversation });
    const page = async (query: string) =>
      z.parse(httpConversationsSchema, await (await http(query, { edge: 1 })).json());
    const all = await page("");
    expect(all).toMatchObject({ more: false, conversations: [{ asks: 1 }, { asks: 1 }, { asks: 1 }] });
    const ids = all.conversations.map(({ id }) => id);
    expect(await page("?limit=2")).toMatchObject({ more: true, conversations: ids.slice(0, 2).map((id) => ({ id })) });
    expect(await page(`?limit=2&before=${ids[1]}`)).toMatchObject({ more: false, conversations: [{ id: ids[2] }] });
    expect((await page(`?before=${all.conversations[1]?.at}`)).conversations.length).toBeLessThanOrEqual(1);
    for (const query of ["?limit=101", "?limit=0", "?limit=x", "?before=%00", "?before="]) {
      expect([query, await refusal(await http(query))]).toEqual([query, [400, "BAD_MESSAGE"]]);
    }
  });

  it.each([{ limit: 101 }, { limit: 0 }, { before: -1 }, { before: {} }, { other: 1 }])(
    "cannot be listed by %o",
    async (by) => {
      const answer = await (await relay.client()).send("conversations:list", by);
      expect(answer.error?.code).toBe("BAD_MESSAGE");
    },
  );

  it.each(["", "   ", "x".repeat(201)])("cannot be named %j", async (title) => {
    const client = await relay.client();
    await client.ask("a");
    const answer = await client.send("conversation:rename", { conversation: CONVERSATION, title });
    expect(answer.error?.code).toBe("BAD_MESSAGE");
  });
});

import { httpConversationSchema } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { beginHead, CONVERSATION, useEdges, USER } from "../../../test/fixture.ts";
import { readStream, refusal, type Stream } from "../../../test/http-client.ts";

const relay = useEdges({ count: 2, env: { MAX_CONVERSATION_EVENTS: "100" } });

async function get(path: string, headers: Record<string, string> = {}, user = USER, edge = 0): Promise<Response> {
  const authorization = `Bearer ${await relay.token(user)}`;
  const url = `http://127.0.0.1:${relay.edges[edge]?.port}/v1/conversations/${path}`;
  return fetch(url, { headers: { authorization, ...headers } });
}
async function follow(query = "", headers: Record<string, string> = {}, edge = 0): Promise<Stream> {
  const abort = new AbortController();
  const authorization = `Bearer ${await relay.token()}`;
  const url = `http://127.0.0.1:${relay.edges[edge]?.port}/v1/conversations/${CONVERSATION}/events${query}`;
  return readStream(await fetch(url, { headers: { authorization, ...headers }, signal: abort.signal }), abort);
}
const seqs = ({ events }: Stream): number[] => events.map(({ seq }) => seq);
/** Sends an ask and answers it as a worker does. This adds five events to the log. */
async function turn(id: string): Promise<void> {
  await (await relay.client()).ask(id);
  await relay.answer(CONVERSATION, ["one ", "two"]);
}

describe("GET /v1/conversations/:id/events", () => {
  it("sends the log, and then what happens", async () => {
    await turn("a");
    const stream = await follow();
    await eventually(() => stream.events.length === 5);
    await turn("b");
    await eventually(() => stream.events.length === 10);
    expect(seqs(stream)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    stream.close();
  });

  it("goes on after a position, each event once, on another edge while it is being answered", async () => {
    await (await relay.client()).ask("a");
    const head = await beginHead(relay.store, USER, CONVERSATION);
    await head.say("one ");
    const first = await follow();
    await eventually(() => first.events.length === 3);
    first.close();
    await head.say("two ");
    const byQuery = await follow("?after=3", {}, 1);
    // An EventSource sends the header `last-event-id` when it reconnects.
    const byHeader = await follow("?after=1", { "last-event-id": "3" }, 1);
    await eventually(() => byQuery.events.length === 1 && byHeader.events.length === 1);
    await head.complete();
    await eventually(() => byQuery.events.length === 2 && byHeader.events.length === 2);
    expect([seqs(byQuery), seqs(byHeader)]).toEqual([
      [4, 5],
      [4, 5],
    ]);
    byQuery.close();
    byHeader.close();
  });

  it("refuses a position that is not kept, or none at all", async () => {
    for (let n = 0; n < 30; n++) await turn(`ask-${n}`);
    const events = `${CONVERSATION}/events`;
    for (const after of [0, 1, 151, 1e9]) {
      expect([after, await refusal(await get(`${events}?after=${after}`))]).toEqual([after, [410, "RESUME_LOST"]]);
    }
    for (const after of ["x", "-1", "1e3", "9".repeat(40)]) {
      expect(await refusal(await get(`${events}?after=${after}`))).toEqual([400, "BAD_MESSAGE"]);
    }
    const kept = await follow();
    await eventually(() => kept.events.at(-1)?.seq === 150);
    expect(kept.events[0]?.seq).toBeGreaterThan(1);
    kept.close();
  });

  it("needs a token, and shows nothing of another user", async () => {
    await turn("a");
    const port = relay.edges[0]?.port;
    const path = `http://127.0.0.1:${port}/v1/conversations/${CONVERSATION}`;
    expect(await refusal(await fetch(`${path}/events`))).toEqual([401, "AUTH_REQUIRED"]);
    expect(await refusal(await fetch(path))).toEqual([401, "AUTH_REQUIRED"]);
    for (const hidden of [CONVERSATION, `${CONVERSATION}/events`]) {
      expect(await refusal(await get(hidden, {}, "another"))).toEqual([404, "NOT_FOUND"]);
    }
    expect(await refusal(await get(`${CONVERSATION}/events?after=1`, {}, "another"))).toEqual([410, "RESUME_LOST"]);
  });
});

describe("GET /v1/conversations/:id", () => {
  it("is the conversation as it stands, as JSON", async () => {
    await turn("a");
    await (await relay.client()).ask("b");
    const conversation = z.parse(httpConversationSchema, await (await get(CONVERSATION)).json());
    expect(conversation).toMatchObject({
      id: CONVERSATION,
      head: 6,
      asks: [
        { id: "a", state: "completed", message: "question a", text: "one two" },
        { id: "b", state: "waiting", text: "" },
      ],
    });
    expect(await refusal(await get("nobody-wrote-to-it"))).toEqual([404, "NOT_FOUND"]);
    expect((await get("no%20id")).status).toBe(404);
  });

  it("or as Markdown", async () => {
    await turn("a");
    const client = await relay.client();
    await client.ask("b");
    await client.send("cancel", { conversation: CONVERSATION, ask: "b" });
    const response = await get(CONVERSATION, { accept: "text/markdown" });
    expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    expect(await response.text()).toBe("## question a\n\none two\n\n## question b\n\n*Cancelled.*\n");
  });
});

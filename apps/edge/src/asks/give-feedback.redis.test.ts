import { MAX_FEEDBACK } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { CONVERSATION, heard, useEdges, USER } from "../../test/fixture.ts";

const relay = useEdges({ count: 1 });

async function post(ask: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${await relay.token(USER)}`, "content-type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const [edge] = relay.edges;
  return fetch(`http://127.0.0.1:${edge?.port}/v1/asks/${ask}/feedback`, { method: "POST", headers, body: text });
}
const lines = (): string[] => relay.logged.filter((line) => line.includes('"msg":"feedback"'));

describe("feedback", () => {
  it("is heard by all who follow the conversation, counted and logged without its words", async () => {
    const client = await relay.client();
    expect(client.welcome.features).toContain("feedback");
    await client.ask("a");
    const given = { conversation: CONVERSATION, ask: "a", verdict: "down", word: " The canary is missing. " };
    expect(await client.send("feedback", given)).toMatchObject({ ok: false, error: { code: "ASK_CONFLICT" } });
    await relay.answer(CONVERSATION, ["An answer."]);
    await heard(client, 4);
    expect(await client.send("feedback", given)).toEqual({ ok: true });
    const events = await heard(client, 5);
    expect(events[4]).toMatchObject({ ask: "a", type: "feedback", verdict: "down", word: "The canary is missing." });
    await eventually(() => lines().length > 0);
    expect(lines().join()).toContain('"verdict":"down"');
    expect(lines().join()).not.toContain("canary");
    expect((await post("a", { conversation: CONVERSATION, verdict: "up" })).status).toBe(204);
    expect((await heard(client, 6))[5]).toMatchObject({ type: "feedback", verdict: "up" });
    const page = await fetch(`http://127.0.0.1:${relay.edges[0]?.port}/v1/conversations/${CONVERSATION}`, {
      headers: { authorization: `Bearer ${await relay.token(USER)}` },
    });
    expect(await page.json()).toMatchObject({ asks: [{ id: "a", feedback: { verdict: "up" } }] });
  });

  it("of what is not there, is no verdict, has a long word or comes too often is refused", async () => {
    const client = await relay.client();
    const give = async (more: object) => {
      const { ok, error } = await client.send("feedback", {
        conversation: CONVERSATION,
        ask: "a",
        verdict: "up",
        ...more,
      });
      return ok ? "ok" : error?.code;
    };
    expect(await give({})).toBe("NOT_FOUND");
    expect(await give({ verdict: "sideways" })).toBe("BAD_MESSAGE");
    expect(await give({ word: "x".repeat(501) })).toBe("BAD_MESSAGE");
    expect((await post("a", "{")).status).toBe(400);
    expect((await post("a", [1])).status).toBe(400);
    expect((await post("a", { conversation: CONVERSATION, verdict: "up" })).status).toBe(404);
    const often = await Promise.all(Array.from({ length: 25 }, () => give({})));
    expect(often).toContain("RATE_LIMITED");
  });

  it("that was changed too often is not sent again: it would never be taken", async () => {
    const client = await relay.client(relay.edges[0], "undecided");
    await client.ask("a");
    await relay.answer(CONVERSATION, ["An answer."], "undecided");
    await heard(client, 4);
    const { redis } = relay.store;
    for (const key of await redis.keys("*:ask:*")) await redis.hset(key, "rated", MAX_FEEDBACK);
    const { error } = await client.send("feedback", { conversation: CONVERSATION, ask: "a", verdict: "up" });
    expect(error?.code).toBe("RATE_LIMITED");
    expect(error?.retryAfterMs).toBeGreaterThan(3_600_000);
  });

  it("is logged with its words where the operator wants them", async () => {
    const edge = await relay.start({ LOG_FEEDBACK_WORDS: "true" });
    const client = await relay.client(edge);
    await client.ask("a");
    await relay.answer(CONVERSATION, ["An answer."]);
    await heard(client, 4);
    await client.send("feedback", { conversation: CONVERSATION, ask: "a", verdict: "up", word: "Just so." });
    await eventually(() => lines().some((line) => line.includes('"word":"Just so."')));
  });
});

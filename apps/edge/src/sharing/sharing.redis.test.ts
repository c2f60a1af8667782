import { shareAckSchema, type Shared } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { readStream } from "../../test/http-client.ts";
import { CONVERSATION, useEdges, USER, type Client } from "../../test/fixture.ts";

const relay = useEdges({ count: 2, env: { SHARE_TTL_MS: "60000" } });

async function share(client: Client, conversation = CONVERSATION): Promise<Shared> {
  const answer = z.parse(shareAckSchema, await client.send("conversation:share", { conversation }));
  if (!answer.ok) throw new Error(answer.error.code);
  return answer;
}
const reader = (token: string, edge = 1): Promise<Client> => relay.client(relay.edges[edge], "nobody", { token });
async function http(path: string, token: string, method = "GET"): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${relay.edges[1]?.port}${path}`, { method, headers });
}
const code = async (response: Response): Promise<string> =>
  ((await response.json()) as { error: { code: string } }).error.code;

describe("a link", () => {
  it("opens its conversation for reading, what happens in it included, and nothing else", async () => {
    const owner = await relay.client();
    await owner.ask("one");
    await owner.ask("elsewhere", { conversation: "other" });
    const { token, expiresInMs } = await share(owner);
    expect(expiresInMs).toBe(60_000);
    const guest = await reader(token);
    expect(guest.welcome).toMatchObject({ shared: CONVERSATION });
    expect(JSON.stringify(guest.welcome)).not.toContain(USER);
    expect((await guest.open(CONVERSATION)).events).toMatchObject([{ type: "accepted", ask: "one" }]);
    await owner.ask("two");
    await eventually(() => guest.events.some(({ ask }) => ask === "two"));
    expect(await guest.open("other")).toMatchObject({ error: { code: "NOT_FOUND" } });
    const forbidden: Array<[string, object]> = [
      ["ask", { id: "mine", conversation: CONVERSATION, message: "?" }],
      ["cancel", { conversation: CONVERSATION, ask: "one" }],
      ["conversations:list", {}],
      ["conversation:rename", { conversation: CONVERSATION, title: "x" }],
      ["conversation:delete", { conversation: CONVERSATION }],
      ["conversation:share", { conversation: CONVERSATION }],
      ["conversation:unshare", { conversation: CONVERSATION }],
      ["upload:start", { upload: "u", name: "a.pdf", type: "application/pdf", size: 9 }],
      ["upload:status", { upload: "u" }],
      ["auth:refresh", { token }],
    ];
    for (const [event, payload] of forbidden) {
      expect(await guest.send(event, payload), event).toMatchObject({ error: { code: "FORBIDDEN" } });
    }
    expect(await guest.send("conversation:close", { conversation: CONVERSATION })).toEqual({ ok: true });
    expect(await owner.send("auth:refresh", { token })).toMatchObject({ error: { code: "FORBIDDEN" } });
  });

  it("opens it over HTTP, and no other route", async () => {
    const owner = await relay.client();
    await owner.ask("one");
    await owner.ask("elsewhere", { conversation: "other" });
    const { token } = (await (
      await http(`/v1/conversations/${CONVERSATION}/share`, await relay.token(), "POST")
    ).json()) as Shared;
    const found = await http(`/v1/conversations/${CONVERSATION}`, token);
    expect(await found.json()).toMatchObject({ id: CONVERSATION, asks: [{ id: "one" }] });
    expect(await code(await http("/v1/conversations/other", token))).toBe("NOT_FOUND");
    expect(await code(await http("/v1/conversations/other/events", token))).toBe("NOT_FOUND");
    const routes: Array<[string, string]> = [
      ["GET", "/v1/conversations"],
      ["DELETE", `/v1/conversations/${CONVERSATION}`],
      ["POST", `/v1/conversations/${CONVERSATION}/share`],
      ["DELETE", `/v1/conversations/${CONVERSATION}/share`],
      ["POST", "/v1/asks"],
      ["POST", "/v1/uploads"],
      ["GET", "/v1/me/export"],
      ["DELETE", "/v1/me"],
      ["POST", "/v1/chat/completions"],
      ["GET", "/v1/models"],
    ];
    for (const [method, path] of routes) {
      expect(await code(await http(path, token, method)), path).toBe("FORBIDDEN");
    }
    expect(await code(await http("/v1/session", token, "POST"))).toBe("AUTH_INVALID");
  });

  it("ends when its owner says so: readers are disconnected on every edge, and nobody gets in", async () => {
    const owner = await relay.client();
    await owner.ask("one");
    const [{ token }, kept] = [await share(owner), await (await relay.client()).ask("x", { conversation: "kept" })];
    expect(kept).toMatchObject({ ok: true });
    const other = await reader((await share(owner, "kept")).token);
    const guests = [await reader(token, 0), await reader(token, 1)];
    const stream = await readStream(await http(`/v1/conversations/${CONVERSATION}/events`, token));
    await eventually(() => stream.events.length === 1);
    expect(await owner.send("conversation:unshare", { conversation: CONVERSATION })).toEqual({ ok: true });
    for (const { said } of guests) await eventually(() => said.some(([name]) => name === "disconnect"));
    expect(await stream.ended).toBe("cut");
    expect(stream.closing).toMatchObject([{ code: "AUTH_INVALID" }]);
    await expect(reader(token)).rejects.toMatchObject({ code: "AUTH_INVALID" });
    expect(await code(await http(`/v1/conversations/${CONVERSATION}`, token))).toBe("AUTH_INVALID");
    expect(await other.open("kept")).toMatchObject({ ok: true });
    expect(await owner.send("conversation:unshare", { conversation: CONVERSATION })).toEqual({ ok: true });
  });

  it("ends with its conversation and with all of the user's data, and leaves nothing", async () => {
    const owner = await relay.client();
    const tokens: string[] = [];
    for (const conversation of ["a", "b"]) {
      await owner.ask(`in-${conversation}`, { conversation });
      tokens.push((await share(owner, conversation)).token);
    }
    await owner.send("conversation:delete", { conversation: "a" });
    await owner.ask("anew", { conversation: "a" });
    await expect(reader(tokens[0] ?? "")).rejects.toMatchObject({ code: "AUTH_INVALID" });
    expect((await http("/v1/me", await relay.token(), "DELETE")).status).toBe(204);
    await expect(reader(tokens[1] ?? "")).rejects.toMatchObject({ code: "AUTH_INVALID" });
    expect([...(await relay.dump()).keys()].filter((key) => /link/.test(key))).toEqual([]);
  });

  it("is made of what is kept only, at most 100 for a user, and Redis does not have its token", async () => {
    const owner = await relay.client();
    expect(await owner.send("conversation:share", { conversation: "none" })).toMatchObject({
      error: { code: "NOT_FOUND" },
    });
    await owner.ask("one");
    const { token } = await share(owner);
    expect(JSON.stringify([...(await relay.dump())])).not.toContain(token);
    for (let n = 1; n < 100; n++) await share(owner);
    const refused = await owner.send("conversation:share", { conversation: CONVERSATION });
    expect(refused).toMatchObject({ error: { code: "QUOTA_EXCEEDED", resetAt: expect.any(Number) } });
    expect((await relay.dump()).size).toBeGreaterThan(100);
    for (const wrong of ["share_", `share_${"x".repeat(43)}`, `share_${"x".repeat(9000)}`]) {
      await expect(reader(wrong)).rejects.toMatchObject({ code: "AUTH_INVALID" });
    }
  });

  it("is not to be had where SHARE_TTL_MS is not set, and opens nothing there", async () => {
    const owner = await relay.client();
    await owner.ask("one");
    const { token } = await share(owner);
    const off = await relay.start({ SHARE_TTL_MS: "0" });
    const client = await relay.client(off);
    expect(client.welcome.features).not.toContain("conversation:share");
    expect(owner.welcome.features).toContain("conversation:share");
    const answer = await client.send("conversation:share", { conversation: CONVERSATION });
    expect(answer).toMatchObject({ error: { code: "FORBIDDEN" } });
    await expect(relay.client(off, "nobody", { token })).rejects.toMatchObject({ code: "AUTH_INVALID" });
  });
});

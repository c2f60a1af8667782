import { eventually, freePort } from "@docrelay/testkit";
import { Script } from "node:vm";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { beginHead, useEdges } from "../../../test/fixture.ts";
import { SCRIPT } from "./page/script.ts";

const TOKEN = "an-admin-token-of-many-letters";
const WORD = "Rumpelstiltskin";
const relay = useEdges({ count: 0, env: { ADMIN_TOKEN: TOKEN, MAX_ASKS_IN_FLIGHT: "100" } });
const ports: number[] = [];
/** The text of all responses so far. */
let said = "";

beforeAll(async () => {
  for (let n = 0; n < 2; n++) {
    ports.push(await freePort());
    await relay.start({ ADMIN_PORT: String(ports[n]) });
  }
});
beforeEach(() => {
  said = "";
});

interface Told {
  readonly status: number;
  // The type of `body` allows any fields, because each route has a body of its own; the tests check the fields.
  readonly body: Record<string, unknown>;
}
async function call(path: string, body?: unknown, { token = TOKEN, edge = 0 } = {}): Promise<Told> {
  const response = await fetch(`http://127.0.0.1:${ports[edge]}/v1/${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
  const text = await response.text();
  said += text;
  return { status: response.status, body: JSON.parse(text) as Told["body"] };
}

it("answers nobody without the token, and the page itself has nothing of anybody", async () => {
  const paths = ["admin", "admin/asks?user=a", "admin/ask?user=a&ask=b", "admin/quotas", "admin/unknown"];
  for (const path of paths) {
    expect(await call(path, undefined, { token: "wrong" })).toMatchObject({
      status: 401,
      body: { error: { code: "AUTH_INVALID" } },
    });
    expect((await fetch(`http://127.0.0.1:${ports[0]}/v1/${path}`)).status).toBe(401);
  }
  for (const path of ["admin/ask/end", "admin/drain", "admin/intake", "admin/quotas"])
    expect((await call(path, {}, { token: "wrong" })).status).toBe(401);
  const url = `http://127.0.0.1:${ports[0]}/admin`;
  const page = await fetch(url);
  expect(page.status).toBe(401);
  expect(page.headers.get("content-security-policy")).toMatch(
    /script-src 'self' 'sha256-[^']+'; style-src 'self' 'sha/,
  );
  expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
  expect(page.headers.get("x-content-type-options")).toBe("nosniff");
  expect((await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
  expect(await page.text()).not.toContain(TOKEN);
  expect(() => new Script(SCRIPT)).not.toThrow();
});

it("shows what runs, finds an ask and tells its life, without a word of it, and ends it", async () => {
  const client = await relay.client(relay.edges[0], "ann");
  await client.ask("first", {
    message: `${WORD}?`,
    files: [{ name: `${WORD}.pdf`, type: "", bytes: Buffer.from("%PDF-1.7") }],
  });
  await client.ask("second", { message: WORD, conversation: "other" });
  await client.send("ask", { id: "bad" });
  const answer = await beginHead(relay.store, "ann", "other");
  await answer.say(`${WORD} is the answer`);
  const view = await call("admin");
  expect(view).toMatchObject({
    status: 200,
    body: {
      draining: false,
      paused: false,
      edge: { connections: 1 },
      asks: { sum: 2, byStage: { queued: 1, parked: 0, running: 1 } },
      refusals: [{ event: "ask", code: "BAD_MESSAGE", count: 1 }],
      users: [{ user: "ann", asks: 2, connections: 1 }],
    },
  });
  const { body: found } = await call("admin/asks?user=ann");
  expect((found["asks"] as object[]).length).toBe(2);
  const { body: byId } = await call("admin/asks?find=second");
  const [second] = byId["asks"] as Array<{ key: string; trace: string; state: string }>;
  expect(second).toMatchObject({ id: "second", conversation: "other", state: "running", attempt: 1 });
  expect((await call(`admin/asks?find=${second?.trace}`)).body["asks"]).toHaveLength(1);
  const { body: life } = await call(`admin/ask?key=${second?.key}`);
  expect(life).toMatchObject({ id: "second", stage: "running", trace: second?.trace });
  const moments = life["moments"] as Array<{ what: string; detail: object }>;
  expect(moments.map(({ what }) => what)).toEqual(["accepted", "started", "delta"]);
  expect(moments[2]?.detail).toMatchObject({ pieces: 1, units: WORD.length + 14 });

  await answer.complete();
  const { body: ended } = await call("admin/asks?user=ann");
  expect(ended["ended"]).toMatchObject([{ id: "second", how: "completed" }]);
  expect((await call("admin/ask?user=ann&ask=second")).body).toMatchObject({ stage: "completed" });
  expect((await call("admin/ask/end", { user: "ann", ask: "second" })).body).toMatchObject({ how: "ended" });
  expect((await call("admin/ask/end", { user: "ann", ask: "first" })).body).toMatchObject({ how: "cancelled" });
  await eventually(() => client.events.some(({ type, ask }) => type === "cancelled" && ask === "first"));
  expect((await call("admin/ask?user=ann&ask=first")).body).toMatchObject({ stage: "cancelled" });
  expect((await call("admin/ask?user=ann&ask=nothing")).status).toBe(404);
  expect((await call("admin/ask/end", { key: "s00.x.y.z" })).status).toBe(404);
  expect((await call("admin/asks")).status).toBe(400);
  expect(said).not.toContain(WORD);
  expect(relay.logged.join("")).not.toContain(WORD);
});

it("pauses the intake of all edges: new asks are refused, known ones acknowledged", async () => {
  const clients = await Promise.all(relay.edges.map((edge) => relay.client(edge, "bob")));
  expect(await clients[0]?.ask("before")).toMatchObject({ ok: true });
  const files = [{ name: "a.pdf", type: "", bytes: Buffer.from("%PDF-1.7 of an ask") }];
  expect(await clients[0]?.ask("with-a-file", { files })).toMatchObject({ ok: true });
  expect((await call("admin/intake", { paused: true })).body).toEqual({ ok: true, paused: true });
  // The edge that got the request to pause refuses asks at once, the other edge within a second or two.
  expect(await clients[0]?.ask("one")).toMatchObject({ error: { code: "BUSY", reason: "paused" } });
  let n = 0;
  await eventually(async () => (await clients[1]?.ask(`two-${n++}`))?.error?.reason === "paused");
  expect(await clients[1]?.ask("before")).toMatchObject({ ok: true, duplicate: true });
  expect(await clients[1]?.ask("with-a-file", { files })).toMatchObject({ ok: true, duplicate: true });
  const start = { upload: "u", name: "b.pdf", type: "application/pdf", size: 100 };
  expect(await clients[1]?.send("upload:start", start)).toMatchObject({ error: { code: "BUSY", reason: "paused" } });
  // An invalid file name is refused as such also during the pause, so that the client does not retry.
  expect(await clients[1]?.send("upload:start", { ...start, name: ".." })).toMatchObject({
    error: { code: "FILE_NAME_INVALID", retryable: false },
  });
  await call("admin/intake", { paused: false });
  expect(await clients[0]?.ask("three")).toMatchObject({ ok: true });
});

it("sets quotas, which count at once on this edge", async () => {
  const client = await relay.client(relay.edges[0], "cem");
  expect((await call("admin/quotas", { field: "asks:user:cem", value: 1 })).body).toEqual({ ok: true });
  expect((await call("admin/quotas")).body).toEqual({ quotas: { "asks:user:cem": "1" }, sum: 1 });
  expect(await client.ask("one")).toMatchObject({ ok: true });
  expect(await client.ask("two")).toMatchObject({ error: { code: "QUOTA_EXCEEDED", reason: "day" } });
  expect((await call("admin/quotas", { field: "asks:user:cem", value: null })).status).toBe(200);
  expect(await client.ask("three")).toMatchObject({ ok: true });
  for (const body of [
    { field: "wishes", value: 3 },
    { field: "asks", value: "many" },
    { field: "asks", value: -1 },
    {},
  ])
    expect((await call("admin/quotas", body)).status).toBe(400);
  expect(relay.logged.join("")).not.toContain("cem");
});

it("drains the edge: its connections are told to go, and new ones are refused", async () => {
  const client = await relay.client(relay.edges[1], "dee");
  expect((await call("admin/drain", {}, { edge: 1 })).body).toEqual({ ok: true });
  await eventually(() => client.said.some(([name]) => name === "disconnect"));
  await expect(relay.client(relay.edges[1], "dee")).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  expect((await call("admin", undefined, { edge: 1 })).body).toMatchObject({ draining: true });
  expect((await fetch(`http://127.0.0.1:${ports[1]}/readyz`)).status).toBe(503);
  expect((await (await relay.client(relay.edges[0], "dee")).ask("one")).ok).toBe(true);
});

import { accountAddress, countUsed } from "@docrelay/channel";
import { httpUsageSchema, type HttpUsage } from "@docrelay/protocol";
import { awayFromMidnight, eventually } from "@docrelay/testkit";
import { SignJWT } from "jose";
import { beforeEach, expect, it } from "vitest";
import { beginHead, useEdges, type Answer } from "../../test/fixture.ts";

const SECRET = "a secret of the login of thirty-two bytes at least";
const PDF = Buffer.from("%PDF-1.7 small");
const relay = useEdges({
  count: 2,
  env: { AUTH_MODE: "jwt", JWT_SECRET: SECRET, JWT_TENANT_CLAIM: "org" },
});
const sign = (sub: string, org?: string): Promise<string> =>
  new SignJWT({ sub, org, exp: Math.floor(Date.now() / 1000) + 600 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.from(SECRET));
const url = (path: string, edge = 0): string => `http://127.0.0.1:${relay.edges[edge]?.port}${path}`;

const QUOTAS = {
  asks: 50,
  "asks:user:bob": 3,
  "asks:user:boss": "none",
  "asks:tenant:acme": 2,
  "asks:address:127.0.0.1": 4,
  "bytes:user:gil": PDF.length,
  "pages:user:gil": 10,
  "bytes:user:una": 200_000,
  "pages:user:hal": 10,
  "tokens:user:kim": 100,
  "tokens:tenant:globex": 100,
};
beforeEach(async () => {
  await awayFromMidnight();
  await relay.store.redis.hset("quotas", QUOTAS);
  await eventually(async () => {
    const seen = await Promise.all([0, 1].map(async (edge) => (await usage(await sign("bob"), edge)).limits.asks));
    return seen.every((asks) => asks === 3);
  });
});

async function usage(token: string, edge = 0): Promise<HttpUsage> {
  const response = await fetch(url("/v1/usage", edge), { headers: { authorization: `Bearer ${token}` } });
  return httpUsageSchema.parse(await response.json());
}
async function post(token: string, id: string, edge: number): Promise<Answer["error"]> {
  const response = await fetch(url("/v1/asks", edge), {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": id,
    },
    body: JSON.stringify({ message: "?", conversation: id }),
  });
  const { error } = response.ok ? {} : ((await response.json()) as Answer);
  await response.body?.cancel().catch(() => undefined);
  return error;
}

const remove = async (token: string): Promise<number> =>
  (await fetch(url("/v1/me"), { method: "DELETE", headers: { authorization: `Bearer ${token}` } })).status;
const nextMidnight = (): number => Math.ceil(Date.now() / 86_400_000) * 86_400_000;

it("tells what was used today, and what is bounded", async () => {
  const token = await sign("boss");
  const client = await relay.client(relay.edges[0], undefined, { token });
  await client.ask("one");
  await eventually(async () => (await usage(token)).used.asks === 1);
  expect(await usage(token, 1)).toEqual({
    limits: {},
    used: { asks: 1, bytes: 0, pages: 0, tokens: 0 },
    resetAt: expect.closeTo(nextMidnight(), -4),
    address: { limits: { asks: 4 }, used: { asks: 1, bytes: 0, pages: 0, tokens: 0 } },
  });
  expect((await usage(await sign("ann"))).limits).toEqual({ asks: 50 });
});

it("a user's asks end at the quota on all edges together, until midnight in UTC, and deleting oneself is no way out", async () => {
  const token = await sign("bob");
  const errors = [];
  for (let n = 0; n < 3; n++) errors.push(await post(token, `ask-${n}`, n % 2));
  expect(errors).toEqual([undefined, undefined, undefined]);
  const error = await post(token, "ask-4", 1);
  expect(error).toMatchObject({ code: "QUOTA_EXCEEDED", message: expect.stringContaining("3 questions") });
  expect(error?.resetAt).toBeCloseTo(nextMidnight(), -4);
  expect(await usage(token)).toMatchObject({ limits: { asks: 3 }, used: { asks: 3 } });
  expect(await remove(token)).toBe(204);
  expect(await post(token, "ask-5", 0)).toMatchObject({ code: "QUOTA_EXCEEDED" });
  relay.logged.length = 0;
  await relay.store.redis.hset("quotas", { "asks:user:bob": 4, "asks:tenant": 7, wishes: 1 });
  // The test asks only twice a second, because each request counts against the user's rate.
  await eventually(async () => (await usage(token)).limits.asks === 4, { everyMs: 500 });
  expect(await post(token, "ask-6", 0)).toBeUndefined();
  const logged = relay.logged.join("");
  expect(logged).toMatch(/"quota":"asks:user:[\w-]{22}","from":3,"to":4/);
  expect(logged).toContain('"quota":"asks:tenant","from":"none","to":7');
  expect(logged).toContain('"fields":["wishes"]');
  expect(logged).not.toContain("bob");
});

it("a file that comes with an ask is counted once, also when the ask is sent again or refused", async () => {
  const token = await sign("ida");
  const client = await relay.client(relay.edges[0], undefined, { token });
  const files = [{ name: "a.pdf", type: "application/pdf", bytes: PDF }];
  expect(await client.ask("one", { files })).toMatchObject({ ok: true, duplicate: false });
  expect(await client.ask("one", { files })).toMatchObject({ ok: true, duplicate: true });
  expect(await client.ask("one", { files, message: "other" })).toMatchObject({ error: { code: "ASK_CONFLICT" } });
  expect(await client.ask("two", { files })).toMatchObject({ ok: true, duplicate: false });
  await eventually(async () => (await usage(token)).used.bytes >= 2 * PDF.length);
  expect((await usage(token)).used).toMatchObject({ asks: 2, bytes: 2 * PDF.length });
});

it("nothing of the day is left of a user whom no quota bounds", async () => {
  const token = await sign("boss");
  await post(token, "one", 0);
  await eventually(async () => (await usage(token)).used.asks === 1);
  expect(await remove(token)).toBe(204);
  expect((await usage(token)).used.asks).toBe(0);
});

it("users share the quota of their tenant, and of their address", async () => {
  const tokens = await Promise.all(["a", "b", "c"].map((user) => sign(user, "acme")));
  expect(await post(tokens[0] ?? "", "a-1", 0)).toBeUndefined();
  expect(await post(tokens[1] ?? "", "b-1", 0)).toBeUndefined();
  const refused = await post(tokens[2] ?? "", "c-1", 1);
  expect(refused).toMatchObject({ code: "QUOTA_EXCEEDED", message: expect.stringContaining("organisation") });
  expect(await usage(tokens[2] ?? "")).toMatchObject({
    used: { asks: 0 },
    tenant: { limits: { asks: 2 }, used: { asks: 2 } },
    address: { limits: { asks: 4 }, used: { asks: 2 } },
  });
  for (const user of ["d", "e"]) expect(await post(await sign(user), `${user}-1`, 0)).toBeUndefined();
  expect(await post(await sign("f"), "f-1", 0)).toMatchObject({ message: expect.stringContaining("address") });
});

it("asks end when the day's tokens are used up; the worker learns who is charged", async () => {
  const kim = await sign("kim");
  expect(await post(kim, "one", 0)).toBeUndefined();
  await countUsed(relay.store, accountAddress({ kind: "user", name: "kim" }), "tokens", 101);
  expect(await post(kim, "two", 1)).toMatchObject({
    code: "QUOTA_EXCEEDED",
    message: expect.stringContaining("100 tokens"),
  });
  expect(await usage(kim)).toMatchObject({ limits: { tokens: 100 }, used: { asks: 1, tokens: 101 } });
  expect(await post(await sign("lea", "globex"), "three", 0)).toBeUndefined();
  const { ask } = await beginHead(relay.store, "lea", "three");
  const tenant = accountAddress({ kind: "tenant", name: "globex" });
  expect(ask.body.charged).toEqual([tenant]);
  await countUsed(relay.store, tenant, "tokens", 100);
  expect(await post(await sign("max", "globex"), "four", 0)).toMatchObject({
    message: expect.stringContaining("organisation"),
  });
});

it("files end at the quota of bytes or pages; an ask that was accepted is acknowledged again", async () => {
  const token = await sign("gil");
  const client = await relay.client(relay.edges[0], undefined, { token });
  const files = [{ name: "a.pdf", type: "application/pdf", bytes: PDF }];
  expect(await client.ask("one", { files })).toMatchObject({ ok: true });
  await eventually(async () => (await usage(token)).used.bytes === PDF.length);
  const again = await client.ask("one", { files });
  expect(again.error).toBeUndefined();
  expect(again).toMatchObject({ ok: true, duplicate: true });
  expect(await client.ask("two", { files })).toMatchObject({ error: { code: "QUOTA_EXCEEDED" } });
  const start = { upload: "big", name: "b.pdf", type: "application/pdf", size: 100 };
  expect(await client.send("upload:start", start)).toMatchObject({ error: { code: "QUOTA_EXCEEDED" } });
  expect(await client.ask("text")).toMatchObject({ ok: true });
  await countUsed(relay.store, accountAddress({ kind: "user", name: "hal" }), "pages", 10);
  const other = await relay.client(relay.edges[0], undefined, { token: await sign("hal") });
  expect(await other.send("upload:start", start)).toMatchObject({
    error: { code: "QUOTA_EXCEEDED", message: expect.stringContaining("10 pages") },
  });
});

it("a file over HTTP whose size is not known at first counts as large as it is", async () => {
  const authorization = `Bearer ${await sign("una")}`;
  const file = (bytes: number): Uint8Array => Buffer.concat([PDF, Buffer.alloc(bytes - PDF.length)]);
  const chunked = async (path: string, body: Blob, headers: Record<string, string> = {}): Promise<number> => {
    const init = { method: "POST", headers: { authorization, ...headers }, duplex: "half" } as const;
    const response = await fetch(url(path), { ...init, body: body.stream() });
    await response.body?.cancel();
    return response.status;
  };
  const form = (bytes: number): Response => {
    const data = new FormData();
    data.set("file", new Blob([Buffer.from(file(bytes))]), "a.pdf");
    data.set("message", "?");
    return new Response(data);
  };
  const upload = (bytes: number): Promise<number> => chunked("/v1/uploads", new Blob([Buffer.from(file(bytes))]));
  const ask = async (bytes: number): Promise<number> => {
    const body = form(bytes);
    const type = body.headers.get("content-type") ?? "";
    return chunked("/v1/asks", await body.blob(), { "content-type": type });
  };
  const used = async (): Promise<number> => (await usage(await sign("una"))).used.bytes;
  const reserved = async (): Promise<number> => Number(await relay.store.redis.get("{blobs}:total"));

  expect(await upload(80_000)).toBe(200);
  await eventually(async () => (await used()) === 80_000);
  expect(await ask(90_000)).toBe(200);
  await eventually(async () => (await used()) === 170_000);
  expect([await upload(150_000), await ask(30_001)]).toEqual([429, 429]);
  expect(await reserved()).toBe(170_000);
  expect(await upload(30_000)).toBe(200);
});

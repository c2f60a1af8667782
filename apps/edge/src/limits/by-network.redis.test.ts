import { accountAddress } from "@docrelay/channel";
import { wireErrorSchema } from "@docrelay/protocol";
import { makePdf } from "@docrelay/testkit";
import { eventually } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { io } from "socket.io-client";
import { useEdges, type Answer, type Client } from "../../test/fixture.ts";

const relay = useEdges({
  count: 1,
  env: {
    TRUSTED_PROXIES: "127.0.0.1",
    USERS_PER_ADDRESS: "2",
    SESSIONS_PER_MINUTE: "4",
    MAX_CONNECTIONS_PER_USER: "5",
    MAX_ASKS_IN_FLIGHT: "2",
    MAX_USER_LOG_BYTES: "65536",
    MAX_BLOB_BYTES: "10000000",
    MAX_USER_BLOB_BYTES: "4000",
  },
});
const url = (): string => `http://127.0.0.1:${relay.edges[0]?.port}`;

async function connect(from: string, user: string): Promise<{ send: Client["send"]; close(): void }> {
  const token = await relay.token(user);
  const socket = io(url(), {
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
    auth: { token, protocol: 1 },
    extraHeaders: { "x-forwarded-for": from },
  });
  await new Promise((resolve, reject) => {
    socket.once("welcome", resolve);
    socket.once("connect_error", (error: Error & { data?: unknown }) => reject(Object.assign(error, error.data)));
  });
  const send = (event: string, payload: unknown): Promise<Answer> =>
    socket.timeout(5000).emitWithAck(event, payload) as Promise<Answer>;
  return { send, close: () => void socket.disconnect() };
}
const ask = (id: string, more: object = {}): object => ({ id, conversation: id, message: "?", ...more });

it("new sessions of a network are limited, and renewed ones are not", async () => {
  const post = (from: string, headers: object = {}): Promise<Response> =>
    fetch(`${url()}/v1/session`, { method: "POST", headers: { "x-forwarded-for": from, ...headers } });
  const codes = [];
  for (let n = 1; n <= 5; n++) codes.push((await post(`2001:db8::${n}`)).status);
  expect(codes).toEqual([200, 200, 200, 200, 429]);
  const authorization = `Bearer ${await relay.token()}`;
  expect((await post("2001:db8::9", { authorization })).status).toBe(200);
  expect((await post("2001:db8:0:1::1")).status).toBe(200);
});

it("users without number share the connections of their network, and others have their own", async () => {
  const open = await Promise.all(Array.from({ length: 10 }, (_, n) => connect("10.0.0.1", `many-${n}`)));
  await expect(connect("10.0.0.1", "many-11")).rejects.toMatchObject({ code: "TOO_MANY_CONNECTIONS" });
  (await connect("10.0.0.2", "honest")).close();
  for (const { close } of open) close();
  await eventually(() =>
    connect("10.0.0.1", "many-12").then(
      ({ close }) => (close(), true),
      () => false,
    ),
  );
});

it("users without number share the running asks of their network, and others have their own", async () => {
  const refused = async (n: number): Promise<string | undefined> => {
    const { send, close } = await connect("10.0.0.3", `runs-${n}`);
    const { error } = await send("ask", ask("a"));
    close();
    return error && wireErrorSchema.parse(error).code;
  };
  for (let n = 0; n < 4; n++) expect(await refused(n)).toBeUndefined();
  await eventually(async () => (await refused(Math.random())) === "BUSY");
  const honest = await connect("10.0.0.4", "honest");
  expect(await honest.send("ask", ask("a"))).toMatchObject({ ok: true });
  honest.close();
});

it("asks of users who close their connections at once count for their network, too", async () => {
  for (let n = 0; n < 4; n++) {
    const { send, close } = await connect("10.0.0.31", `hasty-${n}`);
    send("ask", ask("a")).catch(() => undefined); // the answer never comes
    close();
  }
  const { shard, u } = accountAddress({ kind: "network", name: "10.0.0.31" });
  await eventually(async () => (await relay.store.redis.zcard(`{${shard}}:${u}:running`)) === 4);
});

it("what a user keeps is bounded over all conversations, and says when it is less", async () => {
  const { send, close } = await connect("10.0.0.5", "writer");
  let last: Answer | undefined;
  await eventually(async () => {
    const id = `a${Math.random().toString(36).slice(2)}`;
    last = await send("ask", ask(id, { message: "x".repeat(30_000) }));
    await send("cancel", { conversation: id, ask: id });
    return last.error?.code === "QUOTA_EXCEEDED";
  });
  expect(last?.error?.retryAfterMs).toBeGreaterThan(3_600_000);
  close();
  const honest = await connect("10.0.0.6", "honest");
  expect(await honest.send("ask", ask("a"))).toMatchObject({ ok: true });
  honest.close();
});

it("users without number share the bytes of files of their network", async () => {
  await eventually(async () => {
    const { send, close } = await connect("10.0.0.7", `sends-${Math.random()}`);
    const bytes = Buffer.concat([makePdf({ pages: ["a"] }), Buffer.alloc(3000)]);
    const answer = await send("ask", ask("a", { files: [{ name: "a.pdf", type: "", bytes }] }));
    close();
    return answer.error?.code === "QUOTA_EXCEEDED";
  });
});

it("an event that costs little has a rate, too", async () => {
  const { send, close } = await connect("10.0.0.8", "cheap");
  const payload = { conversation: "c", ask: "unknown" };
  const codes = new Set<string | undefined>();
  // On a busy machine 300 events may arrive so slowly that the edge refuses none of them. Then the test sends them
  // again.
  await eventually(async () => {
    const events = Array.from({ length: 300 }, () => send("cancel", payload));
    for (const { error } of await Promise.all(events)) codes.add(error?.code);
    return codes.has("RATE_LIMITED");
  });
  expect(codes).toContain("NOT_FOUND");
  close();
});

it("new asks and files are refused when Redis is nearly full, and known asks are not", async () => {
  const { send, close } = await connect("10.0.0.9", "late");
  expect(await send("ask", ask("known"))).toMatchObject({ ok: true });
  const used = Number(/^used_memory:(\d+)/m.exec(await relay.store.redis.info("memory"))?.[1]);
  await relay.store.redis.config("SET", "maxmemory", Math.floor(used / 0.9));
  try {
    const busy = { error: { code: "BUSY", reason: "memory", retryable: true } };
    const start = { upload: "u", name: "a.pdf", type: "", size: 9 };
    await eventually(async () => (await send("upload:start", start)).error?.reason === "memory");
    expect(await send("ask", ask("new"))).toMatchObject(busy);
    expect(await send("ask", ask("known"))).toMatchObject({ ok: true, duplicate: true });
  } finally {
    await relay.store.redis.config("SET", "maxmemory", 0);
  }
  close();
});

it("a network that is refused again and again is read more slowly, over WebSockets and HTTP alike", async () => {
  // This network counts as two users: it may get 200 refusals at once, then 40 a second. So 280 refusals in a row take
  // at least 2 s, and 20 more half a second more.
  const { send, close } = await connect("10.0.0.30", "stubborn");
  const begun = performance.now();
  for (let n = 0; n < 280; n++) {
    expect(await send("cancel", { conversation: "none", ask: "none" })).toMatchObject({ error: { code: "NOT_FOUND" } });
  }
  expect(performance.now() - begun).toBeGreaterThan(1900);
  close();
  const from = { "x-forwarded-for": "10.0.0.30" };
  for (let n = 0; n < 20; n++) expect((await fetch(`${url()}/v1/none`, { headers: from })).status).toBe(404);
  expect(performance.now() - begun).toBeGreaterThan(2400);
});

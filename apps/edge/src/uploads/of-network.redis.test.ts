import { accountAddress } from "@docrelay/channel";
import { eventually, makePdf } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { io } from "socket.io-client";
import { beginHead, useEdges, type Answer, type Client } from "../../test/fixture.ts";

const MIB = 1_048_576;
const relay = useEdges({
  count: 1,
  env: {
    TRUSTED_PROXIES: "127.0.0.1",
    USERS_PER_ADDRESS: "1",
    MAX_USER_BLOB_BYTES: String(2.5 * MIB),
  },
});
const CHUNK = Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(65_527)]);

async function connect(from: string, user: string): Promise<{ send: Client["send"]; close(): void }> {
  const socket = io(`http://127.0.0.1:${relay.edges[0]?.port}`, {
    transports: ["websocket"],
    forceNew: true,
    auth: { token: await relay.token(user), protocol: 1 },
    extraHeaders: { "x-forwarded-for": from },
  });
  await new Promise<void>((resolve) => socket.once("welcome", () => resolve()));
  const send = (event: string, payload: unknown): Promise<Answer> =>
    socket.timeout(5000).emitWithAck(event, payload) as Promise<Answer>;
  return { send, close: () => void socket.disconnect() };
}
const start = (upload: string): object => ({ upload, name: "a.pdf", type: "", size: 2 * MIB });

it("bytes of unfinished uploads count for their network as they come", async () => {
  const users = await Promise.all(["a", "b"].map((user) => connect("10.0.0.1", user)));
  for (const { send } of users) expect(await send("upload:start", start("u"))).toMatchObject({ ok: true });
  const codes = new Set<string>();
  for (let offset = 0; offset < 1.5 * MIB; offset += CHUNK.length) {
    for (const { send } of users) {
      const { error } = await send("upload:chunk", { upload: "u", offset, bytes: CHUNK });
      if (error) codes.add(error.code);
    }
  }
  expect([...codes]).toContain("QUOTA_EXCEEDED");
  const other = await connect("10.0.0.2", "c");
  expect(await other.send("upload:start", start("u"))).toMatchObject({ ok: true });
  expect(await other.send("upload:chunk", { upload: "u", offset: 0, bytes: CHUNK })).toMatchObject({ ok: true });
  for (const { close } of [...users, other]) close();
});

it("unfinished uploads of a network's users are bounded together, and one that ends makes room", async () => {
  const users = await Promise.all(["d", "e", "f"].map((user) => connect("10.0.0.3", user)));
  const [first, second] = users;
  const begin = async (user: (typeof users)[number] | undefined, upload: string): Promise<string> => {
    const { error } = (await user?.send("upload:start", { ...start(upload), size: 9 })) ?? {};
    return error?.code ?? "ok";
  };
  for (let n = 0; n < 64; n++) expect(await begin(users[n % 2], `u${n}`)).toBe("ok");
  expect(await begin(users[2], "late")).toBe("BUSY");
  // `upload:start` of an upload that has begun is still accepted.
  expect(await begin(first, "u0")).toBe("ok");
  await second?.send("upload:chunk", { upload: "u1", offset: 0, bytes: Buffer.from("no PDF at") });
  expect(await begin(users[2], "late")).toBe("ok");
  for (const { close } of users) close();
});

it("the files inside an ask are let in together or not at all, and a refused ask leaves nothing", async () => {
  const user = await connect("10.0.0.4", "g");
  const ask = (id: string): Promise<Answer> => {
    const files = Array.from({ length: 8 }, (_, n) => ({
      name: "a.pdf",
      type: "",
      bytes: makePdf({ pages: [`${id}${n}`] }),
    }));
    return user.send("ask", { id, conversation: id, message: "?", files });
  };
  // This network counts as one user: ten files at once, then one a second. The second ask owes six files.
  expect(await ask("a")).toMatchObject({ ok: true });
  expect(await ask("b")).toMatchObject({ ok: true });
  const kept = (await relay.store.redis.keys("*")).filter((key) => /blob/.test(key)).length;
  expect(await ask("c")).toMatchObject({ error: { code: "BUSY", retryAfterMs: expect.any(Number) } });
  expect((await relay.store.redis.keys("*")).filter((key) => /blob/.test(key))).toHaveLength(kept);
  // An ask that was accepted is acknowledged again all the same.
  expect(await ask("b")).toMatchObject({ ok: true, duplicate: true });
  const other = await connect("10.0.0.5", "j");
  expect((await other.send("ask", { id: "a", conversation: "a", message: "?" })).ok).toBe(true);
  for (const { close } of [user, other]) close();
});

it("a file over HTTP waits until it may be complete", async () => {
  const authorization = `Bearer ${await relay.token("http")}`;
  const headers = { authorization, "x-forwarded-for": "10.0.0.8" };
  const statuses: number[] = [];
  for (let n = 0; n < 13; n++) {
    const url = `http://127.0.0.1:${relay.edges[0]?.port}/v1/uploads?name=a.pdf`;
    const body = new Uint8Array(makePdf({ pages: [`h${n}`] }));
    statuses.push((await fetch(url, { method: "POST", headers, body })).status);
  }
  expect(statuses).toEqual(Array.from({ length: 13 }, () => 200));
});

it("files of a network are complete at a rate, and a refused last chunk may be sent again", async () => {
  const bytes = makePdf({ pages: ["a"] });
  const user = await connect("10.0.0.6", "k");
  const last = (upload: string): Promise<Answer> => user.send("upload:chunk", { upload, offset: 0, bytes });
  const answers: Answer[] = [];
  for (let n = 0; n < 30; n++) {
    const start = { upload: `k${n}`, name: "a.pdf", type: "", size: bytes.length };
    expect(await user.send("upload:start", start)).toMatchObject({ ok: true });
    answers.push(await last(`k${n}`));
  }
  // This network counts as one user: ten files at once, then one a second.
  for (const answer of answers.slice(0, 10)) expect(answer).toMatchObject({ ok: true, done: true });
  const refused = answers.findIndex(({ ok }) => !ok);
  expect(answers[refused]).toMatchObject({ error: { code: "BUSY", retryAfterMs: expect.any(Number) } });
  await eventually(async () => (await last(`k${refused}`)).ok);
  const other = await connect("10.0.0.7", "l");
  expect(await other.send("upload:start", { upload: "l", name: "a.pdf", type: "", size: bytes.length })).toMatchObject({
    ok: true,
  });
  expect(await other.send("upload:chunk", { upload: "l", offset: 0, bytes })).toMatchObject({ ok: true, done: true });
  for (const { close } of [user, other]) close();
});

it("an extraction counts for nobody after its file or its user was removed", async () => {
  const call = async (method: string, path: string, from = "10.0.0.9", body?: Uint8Array<ArrayBuffer>) => {
    const headers = { authorization: `Bearer ${await relay.token("l")}`, "x-forwarded-for": from };
    return fetch(`http://127.0.0.1:${relay.edges[0]?.port}/v1/${path}`, { method, headers, ...(body && { body }) });
  };
  const upload = async (text: string): Promise<string> => {
    const answer = await call("POST", "uploads?name=a.pdf", "10.0.0.9", new Uint8Array(makePdf({ pages: [text] })));
    return ((await answer.json()) as { upload: string }).upload;
  };
  const waiting = async (): Promise<number[]> => {
    const { redis } = relay.store;
    return Promise.all((await redis.keys("*:extracting")).map((key) => redis.zcard(key)));
  };
  const before = await waiting();
  const first = await upload("l1");
  await upload("l2");
  expect((await waiting()).toSorted()).toEqual([...before, 2, 2].toSorted());
  // Another network removes the file: the network that the job names counts it no longer.
  expect((await call("DELETE", `uploads/${first}`, "10.0.0.10")).status).toBe(204);
  expect((await waiting()).toSorted()).toEqual([...before, 1, 1].toSorted());
  expect((await call("DELETE", "me")).status).toBe(204);
  expect(await waiting()).toEqual(before);
});

it("an ask keeps for whom its files are extracted, in case a worker has to queue an extraction again", async () => {
  const user = await connect("10.0.0.31", "keeps");
  const files = [{ name: "a.pdf", type: "", bytes: makePdf({ pages: ["kept"] }) }];
  expect(await user.send("ask", { id: "one", conversation: "one", message: "?", files })).toMatchObject({ ok: true });
  const { ask } = await beginHead(relay.store, "keeps", "one");
  expect(ask.body.extraction).toEqual({ network: accountAddress({ kind: "network", name: "10.0.0.31" }) });
  user.close();
});

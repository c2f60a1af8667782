import { eventually, freePort, makePdf, ownPdf, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, statSync, utimesSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, type Launcher } from "./launcher.ts";

/** Words of this user's questions, documents and file names, which nothing else contains. */
const CANARIES = ["pangolin-question", "quetzal document", "axolotl-name", "narwhal document"];
const RETENTION_MS = 3_600_000;
const WEEK_MS = 604_800_000;
/** A score of a sorted set that is above this number (a time in 2001, in ms) is taken for a time. */
const YEAR_2001_MS = 1e12;
/** Parts of the names of keys that hold data of a user. The test expects a key for each of them. */
const KINDS = [
  ...["convs", "files", "links", "places", "share", "share-until", "unfinished", "used", "kept-log"],
  ...["log", "meta", "ask", "up", "link", "retain", "same", "text", "uses"],
];
const EXTRACTION_JOB = /^\{bull\}:extract:[\w-]{32}$/;
/** Matches keys that hold no data of a user. */
const OF_THE_DEPLOYMENT =
  /^\{bull\}:extract:(meta|id|events|stalled-check|marker)$|^edge:|^secret:|^quotas$|^\{blobs\}:total$/;

let server: TestRedis;
let redis: Redis;
let local: Launcher;
let url = "";
let blobs = "";
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  blobs = await mkdtemp(join(tmpdir(), "docrelay-own-"));
  const port = await freePort();
  url = `http://127.0.0.1:${port}/v1`;
  const env = {
    PORT: String(port),
    REDIS_URL: server.url,
    BLOB_STORE: `file:${blobs}`,
    RETENTION_MS: String(RETENTION_MS),
    KEEP_FILES_MS: String(RETENTION_MS),
    SHARE_TTL_MS: String(RETENTION_MS),
  };
  local = launch({ ...env, DEMO_FAULT: "by-message" });
  await local.process.waitFor(/^ready/);
});
afterAll(async () => {
  await local[Symbol.asyncDispose]();
  redis.disconnect();
  await server.stop();
  await rm(blobs, { recursive: true, force: true });
});

interface Person {
  readonly token: string;
  readonly user: string;
  readonly u: string;
  call(path: string, init?: RequestInit): Promise<Response>;
}
async function person(): Promise<Person> {
  const session = (await (await fetch(`${url}/session`, { method: "POST" })).json()) as { token: string; user: string };
  const authorization = `Bearer ${session.token}`;
  const u = createHash("sha256").update(session.user).digest("base64url").slice(0, 22);
  return {
    token: session.token,
    user: session.user,
    u,
    call: (path, init) => fetch(`${url}${path}`, { ...init, headers: { authorization, ...init?.headers } }),
  };
}
function form(message: string, conversation: string, pdf?: Uint8Array): FormData {
  const data = new FormData();
  data.append("message", message);
  data.append("conversation", conversation);
  if (pdf) data.append("file", new File([Uint8Array.from(pdf)], "axolotl-name.pdf"));
  return data;
}

async function dump(): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for await (const keys of redis.scanStream({ count: 1000 })) {
    for (const key of keys as string[]) all.set(key, await valueOf(key));
  }
  return all;
}
async function valueOf(key: string): Promise<string> {
  const type = await redis.type(key);
  if (type === "string") return String(await redis.get(key));
  if (type === "hash") return JSON.stringify(await redis.hgetall(key));
  if (type === "list") return JSON.stringify(await redis.lrange(key, 0, -1));
  if (type === "set") return JSON.stringify(await redis.smembers(key));
  if (type === "zset") return JSON.stringify(await redis.zrange(key, "0", "-1"));
  if (type === "stream") return JSON.stringify(await redis.xrange(key, "-", "+"));
  return type;
}
/**
 * Returns the keys that hold data of users: all keys whose name or value contains the user, the user's hash or one of
 * `CANARIES`, and all keys of those kinds that only users have.
 */
async function tracesOf({ user, u }: Person): Promise<string[]> {
  const words = [user, u, ...CANARIES];
  return [...(await dump())].flatMap(([key, value]) => {
    const isTold = words.some((word) => key.includes(word) || value.includes(word));
    return isTold || /^(text|uses|same|retain|wait|pw):|^\{s..\}:/.test(key) ? [key] : [];
  });
}
const files = (): string[] => readdirSync(join(blobs, "docrelay-blobs")).filter((name) => name.length === 22);

/**
 * Creates data of every kind that a user can have: asks with a file, feedback, a title, a link, uploads (with a text,
 * without a text, and unfinished), a password, and an open connection. `leave` closes the connection. `ids` has ids and
 * digests of these data.
 */
async function leaveEverything(me: Person): Promise<{ ids: string[]; leave(): void }> {
  await redis.hset("quotas", { asks: "1000", bytes: "1000000000", pages: "1000", tokens: "1000000" });
  const socket = io(new URL(url).origin, { auth: { token: me.token, protocol: 1 }, transports: ["websocket"] });
  const send = (event: string, payload: object): Promise<unknown> => socket.timeout(10_000).emitWithAck(event, payload);
  const post = (path: string, init: RequestInit): Promise<Response> => me.call(path, { method: "POST", ...init });
  const json = (body: object): RequestInit => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await eventually(async () => (await (await me.call("/usage")).text()).includes('"asks":1000'));
  const pdf = makePdf({ pages: ["A quetzal document about green feathers."] });
  const locked = ownPdf("encrypted-user/aes.pdf");
  const lockedBytes = locked.bytes();
  const asked = await post("/asks?wait=1", { body: form("pangolin-question?", "talk", pdf) });
  const { ask } = (await asked.json()) as { ask: string };
  expect(
    (await post(`/asks/${ask}/feedback`, json({ conversation: "talk", verdict: "up", word: "pangolin-question" })))
      .status,
  ).toBe(204);
  expect(await send("conversation:rename", { conversation: "talk", title: "axolotl-name" })).toMatchObject({
    ok: true,
  });
  expect((await post("/conversations/talk/share", {})).status).toBe(200);
  for (const bytes of [makePdf({ pages: ["A narwhal document."] }), Buffer.from("%PDF-1.7\nnarwhal document\n%%EOF")]) {
    await post("/uploads?name=axolotl-name.pdf", { body: Uint8Array.from(bytes) });
  }
  const file = {
    name: "axolotl-name.pdf",
    content: Buffer.from(lockedBytes).toString("base64"),
    password: locked.userPassword,
  };
  const unlocked = await post(
    "/asks?wait=1",
    json({ message: "pangolin-question", conversation: "locked", files: [file] }),
  );
  expect(unlocked.status).toBe(200);
  const start = { upload: "axolotl-name-upload", name: "axolotl-name.pdf", type: "application/pdf", size: 1000 };
  expect(await send("upload:start", start)).toMatchObject({ ok: true });
  expect(await send("upload:chunk", { upload: start.upload, offset: 0, bytes: pdf.slice(0, 100) })).toMatchObject({
    ok: true,
  });
  await eventually(async () => {
    const keys = [...(await dump()).keys()];
    // The edge writes the number of a user's connections a moment after a connection has opened.
    return keys.some((key) => key.endsWith(`:${me.u}:places`)) && !keys.some((key) => EXTRACTION_JOB.test(key));
  });
  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const ids = [ask, digest(pdf), digest(lockedBytes), String(locked.userPassword), ...files()];
  return { ids, leave: () => void socket.disconnect() };
}

/**
 * Makes all stored data `ms` older: shortens the time to live of keys, and moves back the times in sorted sets and of
 * files.
 */
async function passTime(ms: number): Promise<void> {
  for (const key of (await dump()).keys()) {
    const left = await redis.pttl(key);
    if (left > 0) await redis.pexpire(key, Math.max(1, left - ms));
    else if ((await redis.type(key)) === "zset") {
      for (const member of await redis.zrange(key, "0", "-1")) {
        if (Number(await redis.zscore(key, member)) > YEAR_2001_MS) await redis.zincrby(key, -ms, member);
      }
    }
  }
  for (const ref of files()) {
    const until = join(blobs, "docrelay-blobs", ref, "until");
    const { atimeMs, mtimeMs } = statSync(until);
    utimesSync(until, (atimeMs - ms) / 1000, (mtimeMs - ms) / 1000);
  }
}

describe("a user's own data", () => {
  const pdf = makePdf({ pages: ["A quetzal document about green feathers."] });

  it("are exported as one archive", async () => {
    const me = await person();
    await me.call("/asks?wait=1", { method: "POST", body: form("pangolin-question?", "talk", pdf) });
    const response = await me.call("/me/export");
    expect(response.headers.get("content-type")).toBe("application/gzip");
    const archive = Buffer.from(await response.arrayBuffer());
    const list = execFileSync("tar", ["tzf", "-"], { input: archive }).toString().trim().split("\n");
    expect(list).toEqual(expect.arrayContaining(["conversations/talk.json", "conversations/talk.md", "export.json"]));
    expect(list.some((name) => /^files\/.*\.txt$/.test(name))).toBe(true);
    const whole = execFileSync("tar", ["xzOf", "-"], { input: archive }).toString();
    for (const word of ["pangolin-question", "quetzal document", "axolotl-name", me.user])
      expect(whole).toContain(word);
    expect((await me.call("/me", { method: "DELETE" })).status).toBe(204);
    const empty = Buffer.from(await (await me.call("/me/export")).arrayBuffer());
    expect(execFileSync("tar", ["tzf", "-"], { input: empty }).toString()).toBe("export.json\n");
  });

  it("expire, of every kind, and leave no trace", async () => {
    const before = new Set((await dump()).keys());
    const me = await person();
    const { ids, leave } = await leaveEverything(me);
    const keys = await tracesOf(me);
    leave();
    // The names of these keys contain hashes: of the user, and of conversations, asks, uploads and texts. After the
    // data have expired, no key may contain any of these hashes.
    ids.push(...keys.flatMap((key) => key.match(/[\w-]{20,}/g) ?? []));
    const parts = new Set(keys.flatMap((key) => key.split(/[:{]/)));
    for (const kind of KINDS) expect(parts).toContain(kind);
    for (const key of keys) {
      const left = await redis.pttl(key);
      if (left === -2) continue;
      // These keys may live longer than the retention: the number of connections, the day's use, the user's share and
      // unfinished uploads, the counters of bytes, and the list of conversations.
      const longer: Array<[RegExp, number]> = [
        [/:places$/, WEEK_MS],
        [/:used$/, 86_400_000],
        [/:(share|share-until|unfinished)$/, RETENTION_MS + 600_000],
        [/:kept-/, RETENTION_MS * 1.125],
        [/:convs$/, RETENTION_MS * 1.15 + 300_000],
      ];
      const most = longer.find(([name]) => name.test(key))?.[1] ?? RETENTION_MS;
      expect(left, key).toBeGreaterThan(0);
      expect(left, key).toBeLessThanOrEqual(most);
    }
    await passTime(WEEK_MS);
    const left = async (): Promise<string[]> =>
      [...(await dump())].flatMap(([key, value]) => {
        const isTold = [me.user, me.u, ...ids, ...CANARIES].some((word) => key.includes(word) || value.includes(word));
        return isTold || !(before.has(key) || OF_THE_DEPLOYMENT.test(key)) ? [`${key} ${value}`] : [];
      });
    await eventually(async () => (await left()).length === 0 && files().length === 0, { timeoutMs: 60_000 }).catch(
      () => undefined,
    );
    expect(await left()).toEqual([]);
    expect(files()).toEqual([]);
    expect(await redis.get("{blobs}:total")).toBe("0");
    // The next test needs edges without quotas: a user's counts for a quota stay until midnight, even if the user
    // removes all data.
    await redis.del("quotas");
    const someone = await person();
    await eventually(async () => !(await (await someone.call("/usage")).text()).includes('"asks":1000'));
  });

  it("leave no trace within seconds, also what runs, when the user removes them; the same file of another user stays", async () => {
    const me = await person();
    const other = await person();
    const [conversations, body] = [["a", "b"], pdf];
    for (const conversation of conversations) {
      await me.call("/asks?wait=1", { method: "POST", body: form("pangolin-question?", conversation, body) });
    }
    await me.call("/uploads?name=axolotl-name.pdf", {
      method: "POST",
      body: makePdf({ pages: ["A narwhal document."] }),
    });
    const running = me.call("/asks", { method: "POST", body: form("pangolin-question? #fault:hang", "c") });
    await eventually(async () => (await tracesOf(me)).some((key) => key.endsWith(":live")));
    const theirs = form("What is it about?", "theirs", pdf);
    expect((await other.call("/asks?wait=1", { method: "POST", body: theirs })).status).toBe(200);
    expect((await me.call("/me", { method: "DELETE" })).status).toBe(204);
    expect(await (await running).text()).toContain('"type":"cancelled"');
    const keysOf = async (word: string): Promise<string[]> =>
      [...(await dump())].filter((entry) => JSON.stringify(entry).includes(word)).map(([key]) => key);
    await expect.poll(() => keysOf(me.u)).toEqual([]);
    const again = form("And again?", "theirs");
    const kept = (await (await other.call("/conversations/theirs")).json()) as { asks: Array<{ text: string }> };
    expect(kept.asks[0]?.text).toContain("quetzal document");
    expect((await other.call("/asks?wait=1", { method: "POST", body: again })).status).toBe(200);
    expect((await other.call("/me", { method: "DELETE" })).status).toBe(204);
    await expect.poll(() => tracesOf(other)).toEqual([]);
    await expect.poll(() => tracesOf(me)).toEqual([]);
    expect(files()).toEqual([]);
    expect((await me.call("/me", { method: "DELETE" })).status).toBe(204);
  });
});

import { eventually, freePort, makePdf, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launch, type Launcher } from "./launcher.ts";

/** Words that are nowhere else: of a question, a document, a file's name. */
const CANARIES = ["pangolin-question", "quetzal document", "axolotl-name", "narwhal document"];
const RETENTION_MS = 3_600_000;

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
  readonly user: string;
  readonly u: string;
  call(path: string, init?: RequestInit): Promise<Response>;
}
async function person(): Promise<Person> {
  const session = (await (await fetch(`${url}/session`, { method: "POST" })).json()) as { token: string; user: string };
  const authorization = `Bearer ${session.token}`;
  const u = createHash("sha256").update(session.user).digest("base64url").slice(0, 22);
  return {
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

/** Every key with its whole value. */
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
/** What tells of a person, or of texts and bytes that are only the person's. */
async function tracesOf({ user, u }: Person): Promise<string[]> {
  const words = [user, u, ...CANARIES];
  return [...(await dump())].flatMap(([key, value]) => {
    const isTold = words.some((word) => key.includes(word) || value.includes(word));
    return isTold || /^(text|uses|same|retain|wait|pw):|^\{s..\}:/.test(key) ? [key] : [];
  });
}
const files = (): string[] => readdirSync(join(blobs, "docrelay-blobs")).filter((name) => name.length === 22);

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

  it("expire with the retention, of every kind", async () => {
    const me = await person();
    await me.call("/asks?wait=1", { method: "POST", body: form("pangolin-question?", "talk", pdf) });
    await me.call("/uploads?name=axolotl-name.pdf", {
      method: "POST",
      body: makePdf({ pages: ["A narwhal document."] }),
    });
    await eventually(async () => [...(await dump()).keys()].filter((key) => key.startsWith("text:")).length === 2);
    const keys = await tracesOf(me);
    expect(keys.length).toBeGreaterThan(8);
    for (const key of keys) {
      const left = await redis.pttl(key);
      if (left === -2) continue;
      // Places of connections count for a week; what was used today until midnight; counters of bytes, and the list of conversations, last a little longer.
      const longer: Array<[RegExp, number]> = [
        [/:places$/, 604_800_000],
        [/:used$/, 86_400_000],
        [/:(share|share-until|unfinished)$/, RETENTION_MS + 600_000],
        [/:kept-/, RETENTION_MS * 1.125],
        [/:convs$/, RETENTION_MS * 1.15 + 300_000],
      ];
      const most = longer.find(([name]) => name.test(key))?.[1] ?? RETENTION_MS;
      expect(left, key).toBeGreaterThan(0);
      expect(left, key).toBeLessThanOrEqual(most);
    }
    await me.call("/me", { method: "DELETE" });
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
    await eventually(async () => !JSON.stringify([...(await dump())]).includes(me.u));
    const again = form("And again?", "theirs");
    const kept = (await (await other.call("/conversations/theirs")).json()) as { asks: Array<{ text: string }> };
    expect(kept.asks[0]?.text).toContain("quetzal document");
    expect((await other.call("/asks?wait=1", { method: "POST", body: again })).status).toBe(200);
    expect((await other.call("/me", { method: "DELETE" })).status).toBe(204);
    await eventually(async () => (await tracesOf(other)).length === 0);
    await eventually(async () => (await tracesOf(me)).length === 0);
    expect(files()).toEqual([]);
    expect((await me.call("/me", { method: "DELETE" })).status).toBe(204);
  });
});

import { connect, type Relay } from "@docrelay/client";
import { connectRedis } from "@docrelay/platform";
import { eventually, makePdf, ownPdf } from "@docrelay/testkit";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { useCluster } from "./cluster.ts";

const ROLES = ["edge", "ask", "extract", "metrics"] as const;
type Role = (typeof ROLES)[number];
const PASSWORD = "correct-horse";
const lineOf = (role: Role): string =>
  readFileSync(join(import.meta.dirname, `../../../deploy/redis/${role}.acl`), "utf8").trimEnd();
const as = (role: Role): Record<string, string> => ({ REDIS_USERNAME: role, REDIS_PASSWORD: PASSWORD });

const folder = mkdtempSync(join(tmpdir(), "docrelay-acl-"));
const aclFile = join(folder, "users.acl");
writeFileSync(
  aclFile,
  ["user default on nopass ~* &* +@all", ...ROLES.map((role) => `${lineOf(role)} >${PASSWORD}`), ""].join("\n"),
);

const cluster = useCluster({
  edges: 2,
  workers: 0,
  engineDelayMs: 20,
  redis: ["--aclfile", aclFile],
  env: { ...as("edge"), RETENTION_MS: "60000", ASK_DEADLINE_MS: "20000" },
});
let relay: Relay;
let admin: ReturnType<typeof connectRedis>;

beforeAll(async () => {
  await Promise.all([
    cluster.startWorker({ ...as("ask"), WORKER_ROLES: "ask", KEEP_FILES_MS: "30000" }),
    cluster.startWorker({ ...as("extract"), WORKER_ROLES: "extract", KEEP_FILES_MS: "30000" }),
  ]);
  admin = connectRedis({ server: { url: cluster.redis.url }, purpose: "command", name: "test", onError: () => {} });
  relay = connect({ url: cluster.url() });
});
afterAll(() => {
  relay?.close();
  admin?.disconnect();
  rmSync(folder, { recursive: true, force: true });
});

/** Returns the commands that Redis has refused for lack of rights. */
async function refused(): Promise<string[]> {
  const log = (await admin.call("ACL", "LOG", "100")) as unknown[];
  return log.map((entry) => {
    const flat = Array.isArray(entry) ? entry : Object.entries(entry as object).flat();
    const at = (name: string): string => String(flat[flat.indexOf(name) + 1]);
    return `${at("username")}: ${at("reason")} ${at("object")} (${at("context")})`;
  });
}

const report = (word: string, operators = 0): { name: string; bytes: Uint8Array<ArrayBuffer> } => ({
  name: `${word}.pdf`,
  bytes: new Uint8Array(
    makePdf({ pages: Array.from({ length: operators ? 60 : 1 }, () => `The ${word} is green.`), operators }),
  ),
});

async function bySdk(): Promise<void> {
  const chat = relay.conversation("talk");
  expect(await chat.ask("What is green?", { files: [report("boat")] }).text()).toContain("boat");
  const { upload } = await relay.upload(report("house", 3000));
  expect(await chat.ask("What is green?", { files: [{ upload }] }).text()).toContain("house");
  expect((await relay.download(upload, "bytes")).size).toBeGreaterThan(1000);
  await relay.download(upload, "text");
  const broken = { name: "broken.pdf", bytes: new TextEncoder().encode("%PDF-1.7 and nothing after it") };
  await expect(chat.ask("What is it?", { files: [broken] }).text()).rejects.toMatchObject({ code: "PDF_INVALID" });
  const stopped = chat.ask("Say much about the house.");
  await eventually(() => stopped.state === "answering");
  await stopped.cancel();
  await stopped.text().catch(() => undefined);
  const locked = ownPdf("encrypted-user/aes.pdf");
  const file = { name: "locked.pdf", bytes: new Uint8Array(locked.bytes()) };
  await expect(chat.ask("What is in it?", { files: [file] }).text()).rejects.toMatchObject({ code: "PDF_ENCRYPTED" });
  const opened = chat.ask("What is in it?", { files: [{ ...file, password: locked.userPassword ?? "" }] });
  expect(await opened.text()).not.toBe("");
}

/** Does everything that users can do over HTTP, at the second edge. */
async function overHttp(): Promise<void> {
  const url = cluster.url(1);
  const reply = await fetch(`${url}/v1/session`, { method: "POST" });
  const { token } = (await reply.json()) as { token: string };
  const call = async (method: string, path: string, body?: FormData | Uint8Array<ArrayBuffer>): Promise<string> => {
    const init = { method, headers: { authorization: `Bearer ${token}` }, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`${url}${path}`, init);
    expect(response.status, path).toBeLessThan(300);
    return response.text();
  };
  const form = new FormData();
  form.set("message", "What is green?");
  form.set("conversation", "web");
  form.set("file", new Blob([report("tree").bytes]), "tree.pdf");
  expect(await call("POST", "/v1/asks?wait=1", form)).toContain("tree");
  const { upload } = JSON.parse(await call("POST", "/v1/uploads?name=a.pdf", report("road").bytes)) as {
    upload: string;
  };
  await call("DELETE", `/v1/uploads/${upload}`);
  expect(await call("GET", "/v1/conversations")).toContain("web");
  await call("GET", "/v1/conversations/web");
  await call("DELETE", "/v1/conversations/web");
}

async function bySocket(): Promise<void> {
  const socket = new WebSocket(`${cluster.url().replace("http", "ws")}/ws/chat/`);
  await once(socket, "open");
  const content = Buffer.from(report("gate").bytes).toString("base64");
  const file = { name: "gate.pdf", type: "application/pdf", content };
  socket.send(JSON.stringify({ type: "chat", unique_id: "1", message: "What is green?", file }));
  const [frame] = (await once(socket, "message")) as [Buffer];
  expect(frame.toString()).toContain("gate");
  socket.close();
}

/**
 * Asks a question. Kills the first edge before the answer has ended, and starts the edge again, so that readers of the
 * conversation must resume.
 */
async function resumes(): Promise<void> {
  const answer = relay.conversation("talk").ask("Say it again.");
  await eventually(() => answer.state === "answering");
  cluster.edges[0]?.process.kill("SIGKILL");
  await cluster.startEdge(0);
  await answer.text();
}

it("each role has the rights that its work needs: Redis refuses nothing", async () => {
  await Promise.all([bySdk(), overHttp(), bySocket()]);
  await resumes();
  expect(await refused()).toEqual([]);
});

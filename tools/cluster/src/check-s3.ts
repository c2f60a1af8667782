import { eventually, makePdf } from "@docrelay/testkit";
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { say, seconds } from "./conclude.ts";
import { takeSession } from "./customer.ts";
import { inDeployment, type Deployment } from "./deployment.ts";
import { docker } from "./docker.ts";
import { openUploads, type Sent, type Uploads } from "./upload.ts";

const SETTINGS = {
  COMPOSE_PROFILES: "s3",
  BLOB_STORE: "s3://relay/files",
  S3_ENDPOINT: "http://s3:9000",
  S3_FORCE_PATH_STYLE: "true",
  AWS_ACCESS_KEY_ID: "cluster-check",
  // Files are kept after their text was extracted, as the page's viewer needs it.
  KEEP_FILES_MS: "3600000",
};
const REPLICAS = { edge: 2, ask: 1, extract: 1 };
const FILE_BYTES = 6 * 1024 * 1024;
/** How long the killed S3 server stays away: longer than an edge tries a request. */
const AWAY_MS = 15_000;
const RANGE = { from: 1_000_000, to: 1_004_096 };

interface Marked {
  readonly marker: string;
  readonly bytes: Uint8Array;
}

interface User {
  readonly uploads: Uploads;
  http(path: string, init?: RequestInit): Promise<Response>;
}

/**
 * Starts the profile `s3`: a file of 6 MB is sent, asked about, read in part and as a whole, and removed; then the S3
 * server is killed while another file is sent.
 */
export function checkS3(root: string): Promise<number> {
  const settings = { ...SETTINGS, AWS_SECRET_ACCESS_KEY: randomUUID() };
  return inDeployment(root, settings, async (deployment) => {
    say(`from nothing to ready in ${await seconds(() => deployment.start(REPLICAS))}`);
    const [server = ""] = await deployment.containers("s3");
    const user = await newUser(deployment);
    try {
      await sendAskReadRemove(user, server);
      await sendWhileAway(user, server);
    } finally {
      user.uploads.close();
    }
    say("\nas wanted");
    return 0;
  });
}

async function newUser({ url }: Deployment): Promise<User> {
  const token = await takeSession(url);
  return {
    uploads: openUploads(url, token),
    http: (path, init = {}) =>
      fetch(new URL(path, url), {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(60_000),
      }),
  };
}

function newFile(): Marked {
  const marker = `marker${randomBytes(4).toString("hex")}`;
  return { marker, bytes: makePdf({ pages: [`${marker} stands here.`], ballast: randomBytes(FILE_BYTES) }) };
}

async function sendAskReadRemove(user: User, server: string): Promise<void> {
  const file = newFile();
  const sent = await user.uploads.send(file.bytes);
  sayHow("a file was sent", sent);
  if (sent.refusals.size > 0) throw new Error("chunks were refused although the S3 server is there");
  say(`asked about it: ${await seconds(() => ask(user, sent.upload, file.marker))}`);
  const { from, to } = RANGE;
  const part = await user.http(`/v1/uploads/${sent.upload}`, { headers: { range: `bytes=${from}-${to - 1}` } });
  const whole = await user.http(`/v1/uploads/${sent.upload}`);
  demand(part.status === 206, `a range is answered with ${part.status}`);
  demand(isSame(await part.bytes(), file.bytes.subarray(from, to)), "the range has other bytes");
  demand(isSame(await whole.bytes(), file.bytes), "the file has other bytes");
  demand((await objects(server)) > 0, "nothing of the file is in the bucket");
  const removed = await user.http(`/v1/uploads/${sent.upload}`, { method: "DELETE" });
  demand(removed.status === 204, `removing is answered with ${removed.status}`);
  const gone = await user.http(`/v1/uploads/${sent.upload}`);
  demand(gone.status === 404 || gone.status === 410, `a removed file is answered with ${gone.status}`);
  await eventually(async () => (await objects(server)) === 0, { timeoutMs: 20_000, what: "an empty bucket" });
  say("a range and the whole file were read; after its removal the bucket was empty");
}

async function sendWhileAway(user: User, server: string): Promise<void> {
  const file = newFile();
  let killed: Promise<void> | undefined;
  const away = async (): Promise<void> => {
    await docker(["kill", "--signal", "KILL", server]);
    await sleep(AWAY_MS);
    await docker(["start", server]);
  };
  const sent = await user.uploads.send(file.bytes, (offset) => {
    if (offset > FILE_BYTES / 2) killed ??= away();
  });
  await killed;
  sayHow(`a file was sent while the S3 server was away for ${AWAY_MS / 1000} s`, sent);
  const others = [...sent.refusals.keys()].filter((code) => code !== "STORE_UNAVAILABLE");
  demand(sent.refusals.has("STORE_UNAVAILABLE"), "no chunk was refused with STORE_UNAVAILABLE");
  demand(others.length === 0, `chunks were also refused with ${others.join(", ")}`);
  say(`asked about it: ${await seconds(() => ask(user, sent.upload, file.marker))}`);
}

async function ask(user: User, upload: string, marker: string): Promise<void> {
  const response = await user.http("/v1/asks?wait=1", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message: "what stands in this file?", files: [{ upload }] }),
  });
  const answer = await response.text();
  demand(response.ok && answer.includes(marker), `the answer is ${response.status} ${answer.slice(0, 300)}`);
}

/** Returns how many files of docrelay are in the bucket. The S3 server keeps each object as a file. */
async function objects(server: string): Promise<number> {
  const found = await docker(["exec", server, "sh", "-c", "find /data/relay/files -type f 2>/dev/null | wc -l"]);
  return Number(found);
}

function sayHow(what: string, { ms, chunks, refusals }: Sent): void {
  const refused = [...refusals].map(([code, count]) => `${count} × ${code}`).join(", ");
  say(`${what}: ${chunks} chunks in ${(ms / 1000).toFixed(1)} s, refused: ${refused || "none"}`);
}

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

function demand(is: boolean, otherwise: string): void {
  if (!is) throw new Error(`not as wanted: ${otherwise}`);
}

import { connect, memoryStorage } from "@docrelay/client";
import { connectRedis } from "@docrelay/platform";
import { eventually, freePort, makePdf, ownPdf, type TestProcess } from "@docrelay/testkit";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { useCluster } from "./cluster.ts";

/*
 * Every word of a user, a document, an answer or a token in this test contains "canary", and no process may print
 * "canary". An engine's own error messages are logged for the operator (field `said`), unless they repeat the prompt.
 */

const engine = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(engine, "listening");
const [edgeAdmin, workerAdmin] = [await freePort(), await freePort()];
const cluster = useCluster({
  edges: 1,
  workers: 0,
  env: { ADMIN_PORT: String(edgeAdmin), LOG_LEVEL: "trace" },
  engineUrl: () => `ws://127.0.0.1:${(engine.address() as AddressInfo).port}`,
});
const pdf = (name: string, pages = 1): { name: string; bytes: Uint8Array } => ({
  name: `canary-${name}.pdf`,
  bytes: makePdf({ pages: Array.from({ length: pages }, (_, page) => `canary page ${page} of ${name}`) }),
});

/** What the engine does when the question contains one of these words. */
const REPLIES: Readonly<Record<string, (socket: WebSocket, prompt: string) => void>> = {
  repeats: (socket, prompt) => socket.send(JSON.stringify({ error: `cannot handle ${prompt}` })),
  complains: (socket) => socket.send('{"error":"out of order"}'),
  babbles: (socket) => {
    socket.send('{"message": canary-babble');
    socket.close(1000);
  },
  leaves: (socket) => socket.close(1011, "out of order"),
  answers: (socket) => {
    socket.send('{"message":"canary-answer"}');
    socket.close(1000);
  },
};

engine.on("connection", (socket) => {
  socket.on("message", (data: Buffer) => {
    const words = data.toString();
    const [, reply] = Object.entries(REPLIES).find(([word]) => words.includes(word)) ?? [];
    reply?.(socket, words);
  });
});
afterAll(() => {
  for (const socket of engine.clients) socket.terminate();
  engine.close();
});

async function newToken(): Promise<string> {
  const session = await fetch(`${cluster.url()}/v1/session`, { method: "POST" });
  return ((await session.json()) as { token: string }).token;
}

function killChildren({ pid }: TestProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  for (const child of children) process.kill(Number(child), "SIGKILL");
  return children.length;
}

async function askThroughSdk(token: string, worker: TestProcess): Promise<void> {
  const relay = connect({ url: cluster.url(), storage: memoryStorage(), token });
  const ask = (message: string, file?: { name: string; bytes: Uint8Array }, password?: string): Promise<string> => {
    const passwords = password === undefined ? {} : { passwords: new Map([[0, password]]) };
    const answer = relay.conversation().ask(message, { files: file ? [file] : [], ...passwords });
    return answer.text().catch((error: unknown) => String(error));
  };
  expect(await ask("canary answers", pdf("good"))).toBe("canary-answer");
  const broken = { name: "canary-broken.pdf", bytes: Buffer.from("%PDF-1.7\ncanary-garbage\n%%EOF") };
  const locked = { name: "canary-locked.pdf", bytes: ownPdf("encrypted-user/aes.pdf").bytes() };
  await Promise.all([
    ...Object.keys(REPLIES).map((word) => ask(`canary ${word}`)),
    ask("canary repeats file", pdf("repeated")),
    ask("canary answers broken", broken),
    ask("canary answers no pdf", { name: "canary.pdf", bytes: Buffer.from("canary-not-a-pdf") }),
    ask("canary answers locked", locked, "canary-password"),
  ]);
  const dying = ask("canary answers dying", pdf("dying", 400));
  await eventually(() => killChildren(worker) > 0);
  await dying;
  relay.close();
}

async function talkPlainly(token: string): Promise<void> {
  const url = `${cluster.url().replace("http", "ws")}/ws/chat`;
  for (const bearer of [token, "canary-token"]) {
    const socket = new WebSocket(url, ["docrelay.v1", `bearer.${bearer}`]);
    socket.on("error", () => undefined);
    const closed = once(socket, "close").catch(() => undefined);
    socket.on("open", () => {
      const file = { name: "canary-plain.pdf", content: "canary-not-base64!" };
      for (const frame of [
        "{ canary-junk",
        JSON.stringify({ message: "canary leaves" }),
        JSON.stringify({ message: "canary", file }),
      ])
        socket.send(frame);
      socket.send(JSON.stringify({ message: "canary answers", unique_id: "canary-id" }));
    });
    socket.on("message", (data: Buffer) => {
      if (data.toString().includes("canary-answer")) socket.close();
    });
    await Promise.race([closed, eventually(() => socket.readyState === WebSocket.CLOSED)]);
  }
}

async function askOverHttp(token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const content = Buffer.from(pdf("http").bytes).toString("base64");
  const bodies = [
    JSON.stringify({
      message: "canary answers",
      files: [{ name: "canary-http.pdf", content, password: "canary-password" }],
    }),
    '{ "canary-junk": ',
    JSON.stringify({ "canary-field": 1, message: ["canary"] }),
  ];
  for (const path of ["/v1/asks?wait=1&token=canary-query", "/v1/chat/completions", "/v1/responses", "/v1/canary-path"])
    for (const body of bodies) await (await fetch(cluster.url() + path, { method: "POST", headers, body })).text();
  const multipart = { ...headers, "content-type": "multipart/form-data; boundary=canary-boundary" };
  await fetch(`${cluster.url()}/v1/asks`, { method: "POST", headers: multipart, body: "--canary-boundary\r\ncanary" });
  for (const bearer of ["canary-token", `${token.slice(0, -4)}cana`, "canary.canary.canary"]) {
    const answer = await fetch(`${cluster.url()}/v1/conversations`, { headers: { authorization: `Bearer ${bearer}` } });
    expect(answer.status).toBe(401);
  }
}

it("no log, metric or key has a word of a question, a document, an answer, a password or a token", async () => {
  const worker = await cluster.startWorker({
    ADMIN_PORT: String(workerAdmin),
    LOG_LEVEL: "trace",
    ENGINE_ATTEMPTS: "1",
    ENGINE_REPLY: "stream",
  });
  const redis = connectRedis({
    server: { url: cluster.redis.url },
    purpose: "command",
    name: "test",
    onError: () => undefined,
  });
  const tokens = [await newToken(), await newToken(), await newToken()] as const;
  await askThroughSdk(tokens[0], worker);
  await talkPlainly(tokens[1]);
  await askOverHttp(tokens[2]);
  const stranger = connect({ url: cluster.url(), storage: memoryStorage(), token: "canary-token" });
  await eventually(() => stranger.state !== "connecting");
  stranger.close();
  // From now on Redis refuses writes. The errors of its scripts contain the arguments of the scripts.
  await redis.config("SET", "maxmemory", "1");
  const headers = { authorization: `Bearer ${tokens[0]}`, "content-type": "application/json" };
  const refused = await fetch(`${cluster.url()}/v1/asks?wait=1`, {
    method: "POST",
    headers,
    body: '{"message":"canary"}',
  });
  expect(refused.status).toBe(503);
  const metrics = await Promise.all(
    [edgeAdmin, workerAdmin].map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
  );
  const keys = await redis.keys("*");
  redis.disconnect();
  const processes = [...cluster.edges.map((edge) => edge.process), ...cluster.workers];
  await Promise.all(processes.map((one) => one.stop()));

  const lines = processes.flatMap((one) => one.lines);
  for (const message of ["extracted", "ask ended", "attempt failed"])
    expect(lines.join("\n")).toContain(`"msg":"${message}"`);
  expect(lines.join("\n")).toContain('"said":"out of order"');
  expect(lines.join("\n")).toContain('"said":"(the message repeats a part of the prompt)"');
  const outputs = [...lines, ...metrics.flatMap((text) => text.split("\n")), ...keys];
  const secrets = ["canary", ...tokens, ...tokens.map((token) => token.split(".").at(-1) ?? "")];
  expect(outputs.filter((line) => secrets.some((secret) => line.toLowerCase().includes(secret.toLowerCase())))).toEqual(
    [],
  );
});

import { randomUUID } from "node:crypto";
import { eventually } from "@docrelay/testkit";
import { startCluster } from "../processes/cluster.ts";
import { inParallel } from "./in-parallel.ts";
import { longPdf } from "../side/pdf-file.ts";
import { sendFile } from "../side/file-sender.ts";
import { openRelaySocket } from "../talkers/relay-socket.ts";
import { takeTokens } from "./session.ts";

/*
 * This run measures many asks about one PDF, which all wait for its text. Only the time after the text is stored
 * counts, because this part of the time is the relay's.
 */

const USERS = 20;
const CALL_MS = 60_000;
const ANSWER_MS = 60_000;
/** Settings with which all asks can be sent and wait at once, and one extraction serves all users. */
const ROOM = { ASKS_PER_SECOND: "10000", MAX_ASKS_IN_FLIGHT: "1000", TEXT_SCOPE: "all" };

/**
 * Measures, after a warm-up pass, the time from the moment when the first ask has the text until the last answer, in
 * ms. The extract worker is paused until all asks wait for the text. @throws Error when an ask is refused or gets no
 * answer.
 */
export async function answersAfterText(of: { asks: number; pages: number }): Promise<number> {
  await using cluster = await startCluster({ edges: 1, env: ROOM });
  await using ends = new AsyncDisposableStack();
  const tokens = await takeTokens({ urls: cluster.urls, users: USERS });
  const waiting = new Set<string>();
  let firstText = 0;
  let answered = 0;
  let lastAnswer = 0;
  const sockets = await inParallel(USERS, USERS, async (user) => {
    const socket = await openRelaySocket({
      url: cluster.urls[0] ?? "",
      token: tokens[user] ?? "",
      timeoutMs: CALL_MS,
      onEvent(name, payload) {
        const { type, stage, ask } = payload as { type?: string; stage?: string; ask: string };
        if (name === "progress" && stage === "extracting") waiting.add(ask);
        if (type === "extracted") firstText ||= performance.now();
        if (type !== "completed") return;
        answered++;
        lastAnswer = performance.now();
      },
      onEnd: () => undefined,
    });
    ends.defer(() => socket.close());
    return socket;
  });

  const worker = cluster.workers.at(-1)?.pid;
  if (!worker) throw new Error("no worker that extracts");
  const pass = async (): Promise<number> => {
    [firstText, answered] = [0, 0];
    waiting.clear();
    const bytes = longPdf(of.pages);
    process.kill(worker, "SIGSTOP");
    try {
      const files = await Promise.all(sockets.map((socket) => sendFile(socket, "one.pdf", bytes, () => undefined)));
      await inParallel(of.asks, of.asks, async (index) => {
        const ask = { id: randomUUID(), conversation: randomUUID(), message: "What does it say?" };
        const user = index % USERS;
        const { error } =
          (await sockets[user]?.call("ask", { ...ask, files: [{ upload: files[user]?.upload }] }, CALL_MS)) ?? {};
        if (error) throw new Error(error.code);
      });
      await eventually(() => waiting.size === of.asks, { timeoutMs: ANSWER_MS, what: "all asks to wait for the text" });
    } finally {
      process.kill(worker, "SIGCONT");
    }
    await eventually(() => answered === of.asks, { timeoutMs: ANSWER_MS, everyMs: 50, what: "the last answer" });
    return lastAnswer - firstText;
  };
  await pass();
  return await pass();
}

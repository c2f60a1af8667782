import type { Event } from "@docrelay/protocol";
import { makePdf } from "@docrelay/testkit";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { sendFile } from "../side/file-sender.ts";
import { nowMs } from "../measure/clock.ts";
import { takeTokens } from "../runs/session.ts";
import { openRelaySocket, type RelaySocket } from "../talkers/relay-socket.ts";
import { PLACEHOLDER } from "../talkers/socketio-frame.ts";
import type { Phase } from "./phase.ts";

/** A user who asks a question several times a second, and about a small PDF every few seconds, and does no harm. */
export interface Honest {
  /** Ids of asks that were sent and have neither ended nor been refused. */
  readonly running: readonly string[];
  close(): void;
}

export interface HonestOptions {
  readonly url: string;
  /** As a balancer writes it. */
  readonly address: string;
  readonly sendsPapers: boolean;
  /** What happens now is counted there. */
  phase(): Phase;
}

const TEXT_EVERY_MS = 250;
const PDF_EVERY_MS = 3000;
const OPEN_MS = 15_000;
const CALL_MS = 15_000;
/** Fewer than a user may have: a slow answer is no reason to refuse the next question. */
const MAX_TEXTS = 3;
const AGAIN_MS = 200;

interface Asked {
  readonly kind: "text" | "pdf";
  readonly begunAt: number;
  readonly phase: Phase;
}

export async function openHonest({ url, address, phase, sendsPapers }: HonestOptions): Promise<Honest> {
  const headers = { "x-forwarded-for": address };
  const [token = ""] = await takeTokens({ urls: [url], users: 1, headers });
  const talk = randomUUID();
  const papers = randomUUID();
  const running = new Map<string, Asked>();
  const timers: NodeJS.Timeout[] = [];
  let closed = false;
  let papersSent = 0;
  let sendsPaper = false;

  function refused(of: Phase, code: string): void {
    of.refused[code] = (of.refused[code] ?? 0) + 1;
  }
  function hear(event: Event): void {
    const asked = running.get(event.ask);
    if (!asked || (event.type !== "completed" && event.type !== "failed" && event.type !== "cancelled")) return;
    running.delete(event.ask);
    if (event.type === "completed") asked.phase[asked.kind].record(nowMs() - asked.begunAt);
    else refused(asked.phase, event.type === "failed" ? event.error.code : "cancelled");
  }
  const connect = (): Promise<RelaySocket> =>
    openRelaySocket({
      url,
      token,
      headers,
      timeoutMs: OPEN_MS,
      onEvent: (name, payload) => void (name === "event" && hear(payload as Event)),
      onEnd(why) {
        if (closed) return;
        refused(phase(), why);
        running.clear();
        void reconnect();
      },
    });
  let socket = await connect();
  async function reconnect(): Promise<void> {
    while (!closed && !socket.open) {
      await sleep(AGAIN_MS);
      socket = await connect().catch((error: unknown) => {
        refused(phase(), error instanceof Error ? error.message : "no connection");
        return socket;
      });
    }
  }

  async function ask(asked: Asked, question: object, bytes?: Uint8Array): Promise<void> {
    const id = randomUUID();
    running.set(id, asked);
    asked.phase.sent++;
    try {
      const payload = { id, ...question };
      const answer = bytes
        ? await socket.callWith(bytes, "ask", payload, CALL_MS)
        : await socket.call("ask", payload, CALL_MS);
      if (answer.ok) return;
      running.delete(id);
      refused(asked.phase, answer.error?.code ?? "refused");
    } catch (error) {
      refused(asked.phase, error instanceof Error ? error.message : "no answer");
    }
  }
  async function askText(): Promise<void> {
    const texts = [...running.values()].filter(({ kind }) => kind === "text").length;
    if (!socket.open || texts >= MAX_TEXTS) return;
    await ask({ kind: "text", begunAt: nowMs(), phase: phase() }, { conversation: talk, message: "How are you?" });
  }
  /** By an upload and inside the ask in turn, as pages do. */
  async function askPaper(): Promise<void> {
    if (!sendsPapers || !socket.open || sendsPaper || [...running.values()].some(({ kind }) => kind === "pdf")) return;
    sendsPaper = true;
    const asked: Asked = { kind: "pdf", begunAt: nowMs(), phase: phase() };
    const bytes = makePdf({ pages: [`A small paper, ${randomUUID()}.`] });
    const question = { conversation: papers, message: "What is it about?" };
    try {
      if (papersSent++ % 2 === 0) {
        const { upload, busy } = await sendFile(socket, "paper.pdf", bytes, () => undefined);
        if (busy > 0) refused(asked.phase, "BUSY");
        await ask(asked, { ...question, files: [{ upload }] });
      } else {
        const files = [{ name: "paper.pdf", type: "application/pdf", bytes: PLACEHOLDER }];
        await ask(asked, { ...question, files }, bytes);
      }
    } catch (error) {
      refused(asked.phase, error instanceof Error ? error.message : "not sent");
    } finally {
      sendsPaper = false;
    }
  }

  // Users do not ask at the same moment.
  timers.push(
    setTimeout(() => timers.push(setInterval(() => void askText(), TEXT_EVERY_MS)), Math.random() * TEXT_EVERY_MS),
  );
  timers.push(
    setTimeout(() => timers.push(setInterval(() => void askPaper(), PDF_EVERY_MS)), Math.random() * PDF_EVERY_MS),
  );
  return {
    get running() {
      return [...running.keys()];
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      socket.close();
    },
  };
}

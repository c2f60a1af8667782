import type { Event } from "@docrelay/protocol";
import { makePdf } from "@docrelay/testkit";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { sendFile } from "../side/file-sender.ts";
import { nowMs } from "../measure/clock.ts";
import { takeTokens } from "../runs/session.ts";
import { openRelaySocket, type Ack, type RelaySocket } from "../talkers/relay-socket.ts";
import { PLACEHOLDER } from "../talkers/socketio-frame.ts";
import type { Phase } from "./phase.ts";

/** An honest user: asks a question several times a second, and about a small PDF every few seconds. */
export interface Honest {
  /** Ids of asks that were sent over the user's current connection and have neither ended nor been refused. */
  readonly running: readonly string[];
  close(): void;
}

export interface HonestOptions {
  readonly url: string;
  /** The user's IP address, which the user sends in `X-Forwarded-For`, as a balancer would. */
  readonly address: string;
  readonly sendsPapers: boolean;
  /** Returns the current phase. An ask counts in the phase in which it begins. */
  phase(): Phase;
}

const TEXT_EVERY_MS = 250;
const PDF_EVERY_MS = 3000;
const OPEN_MS = 15_000;
const CALL_MS = 15_000;
/** How many questions a user has open at most: fewer than the relay allows, so that slow answers cause no refusal. */
const MAX_TEXTS = 3;
const AGAIN_MS = 200;

interface Asked {
  readonly kind: "text" | "pdf";
  readonly begunAt: number;
  readonly phase: Phase;
}

export async function openHonest(options: HonestOptions): Promise<Honest> {
  const { url, address } = options;
  const headers = { "x-forwarded-for": address };
  const [token = ""] = await takeTokens({ urls: [url], users: 1, headers });
  const user: User = {
    options,
    connection: { url, token, headers },
    talk: randomUUID(),
    papers: randomUUID(),
    running: new Map(),
    socket: undefined,
    closed: false,
    papersSent: 0,
    sendsPaper: false,
  };
  user.socket = await connect(user);
  // The asks are spread over time, because real users do not ask at the same moment.
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, act: () => Promise<void>): void => {
    timers.push(setTimeout(() => timers.push(setInterval(() => void act(), ms)), Math.random() * ms));
  };
  every(TEXT_EVERY_MS, () => askText(user));
  every(PDF_EVERY_MS, () => askPaper(user));
  return {
    get running() {
      return [...user.running.keys()];
    },
    close() {
      user.closed = true;
      for (const timer of timers) clearTimeout(timer);
      user.socket?.close();
    },
  };
}

interface User {
  readonly options: HonestOptions;
  readonly connection: { readonly url: string; readonly token: string; readonly headers: Record<string, string> };
  /** The ids of the user's two conversations: `talk` for questions, `papers` for PDFs. */
  readonly talk: string;
  readonly papers: string;
  /** The asks that were sent over the current connection and have neither ended nor been refused, by id. */
  readonly running: Map<string, Asked>;
  socket: RelaySocket | undefined;
  closed: boolean;
  papersSent: number;
  /** Whether this user is sending a PDF now; a user sends one at a time. */
  sendsPaper: boolean;
}

function connect(user: User): Promise<RelaySocket> {
  return openRelaySocket({
    ...user.connection,
    timeoutMs: OPEN_MS,
    onEvent: (name, payload) => void (name === "event" && hear(user, payload as Event)),
    onEnd(why) {
      if (user.closed) return;
      refused(user.options.phase(), why);
      user.running.clear();
      void reconnect(user);
    },
  });
}

async function reconnect(user: User): Promise<void> {
  while (!user.closed && !user.socket?.open) {
    await sleep(AGAIN_MS);
    try {
      user.socket = await connect(user);
    } catch (error) {
      refused(user.options.phase(), error instanceof Error ? error.message : "no connection");
    }
  }
}

function refused(of: Phase, code: string): void {
  of.refused[code] = (of.refused[code] ?? 0) + 1;
}

function hear({ running }: User, event: Event): void {
  const asked = running.get(event.ask);
  if (!asked || (event.type !== "completed" && event.type !== "failed" && event.type !== "cancelled")) return;
  running.delete(event.ask);
  if (event.type === "completed") asked.phase[asked.kind].record(nowMs() - asked.begunAt);
  else refused(asked.phase, event.type === "failed" ? event.error.code : "cancelled");
}

async function askText(user: User): Promise<void> {
  const { socket, running, talk, options } = user;
  const texts = [...running.values()].filter(({ kind }) => kind === "text").length;
  if (!socket?.open || texts >= MAX_TEXTS) return;
  const asked: Asked = { kind: "text", begunAt: nowMs(), phase: options.phase() };
  await ask(user, asked, (id) => socket.call("ask", { id, conversation: talk, message: "How are you?" }, CALL_MS));
}

async function askPaper(user: User): Promise<void> {
  const { socket, running, options } = user;
  const isBusy = user.sendsPaper || [...running.values()].some(({ kind }) => kind === "pdf");
  if (!options.sendsPapers || !socket?.open || isBusy) return;
  user.sendsPaper = true;
  const asked: Asked = { kind: "pdf", begunAt: nowMs(), phase: options.phase() };
  try {
    await sendPaper(user, socket, asked);
  } catch (error) {
    refused(asked.phase, error instanceof Error ? error.message : "not sent");
  } finally {
    user.sendsPaper = false;
  }
}

/** Sends a PDF: every second one by an upload, the others inside the ask. Pages send PDFs in both ways. */
async function sendPaper(user: User, socket: RelaySocket, asked: Asked): Promise<void> {
  const bytes = makePdf({ pages: [`A small paper, ${randomUUID()}.`] });
  const question = { conversation: user.papers, message: "What is it about?" };
  if (user.papersSent++ % 2 === 0) {
    const { upload, busy } = await sendFile(socket, "paper.pdf", bytes, () => undefined);
    if (busy > 0) refused(asked.phase, "BUSY");
    return ask(user, asked, (id) => socket.call("ask", { id, ...question, files: [{ upload }] }, CALL_MS));
  }
  const files = [{ name: "paper.pdf", type: "application/pdf", bytes: PLACEHOLDER }];
  await ask(user, asked, (id) => socket.callWith(bytes, "ask", { id, ...question, files }, CALL_MS));
}

/** Lets `send` send an ask under a new id, and counts the ask in `asked.phase`. */
async function ask({ running }: User, asked: Asked, send: (id: string) => Promise<Ack>): Promise<void> {
  const id = randomUUID();
  running.set(id, asked);
  asked.phase.sent++;
  try {
    const answer = await send(id);
    if (answer.ok) return;
    running.delete(id);
    refused(asked.phase, answer.error?.code ?? "refused");
  } catch (error) {
    refused(asked.phase, error instanceof Error ? error.message : "no answer");
  }
}

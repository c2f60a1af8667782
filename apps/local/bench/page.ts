// `npm run bench:page` measures, in a real Chromium, what a long answer and a long conversation cost the page. Most
// times are CPU times of the page's main thread, so other work on the machine does not count. `-- stream` measures only
// the answer, `-- reload` only the conversation.
import { findChromium, freePort, spawnNode } from "@docrelay/testkit";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Page } from "playwright-core";
import { WebSocketServer } from "ws";

const BYTES = 200_000;
const PIECE = 400;
const SHORT_PIECE = 60;
const PIECE_MS = 6;
const ASKS = 500;
const ROUNDS = 3;
/** Markdown of every kind that the page draws. The answers repeat this text. */
const PART = `## A heading of this part

Some **strong** words of *many*, a [link](https://example.test/), \`code\` and the price of $5; then a formula, $x^2 + y^2$, and so on for a while.

- one point of a list, with **weight**
- another point, that is longer than the first one and goes on
  1. and a point of its own

| quarter | revenue | share |
|---|--:|---|
| first | 1,200 | a third of it |
| second | 1,300 | the rest |

\`\`\`js
const answer = 42; // forty-two
for (const one of [1, 2, 3]) console.log(one * answer);
\`\`\`

`;
/** An answer of 2.4 kB, which the worker writes in several events. */
const SHORT = PART.repeat(4);

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly dur?: number;
}

await using started = new AsyncDisposableStack();
const engine = new WebSocketServer({ port: 0, host: "127.0.0.1" });
started.defer(() => {
  for (const socket of engine.clients) socket.terminate();
  engine.close();
});
await once(engine, "listening");
engine.on("connection", (socket) =>
  socket.on("message", (data: Buffer) => {
    const { message } = JSON.parse(data.toString()) as { message: string };
    const say = (words: object): void => socket.send(JSON.stringify(words));
    if (!message.includes("long")) {
      for (let at = 0; at < SHORT.length; at += SHORT_PIECE) say({ message: SHORT.slice(at, at + SHORT_PIECE) });
      return say({ type: "end" });
    }
    const text = PART.repeat(Math.ceil(BYTES / PART.length)).slice(0, BYTES);
    let at = 0;
    const timer = setInterval(() => {
      say({ message: text.slice(at, (at += PIECE)) });
      if (at < text.length) return;
      clearInterval(timer);
      say({ type: "end" });
    }, PIECE_MS);
  }),
);
const port = await freePort();
const docrelay = started.use(
  spawnNode(join(import.meta.dirname, "../src/main.ts"), {
    env: {
      PORT: String(port),
      ENGINE_URL: `ws://127.0.0.1:${(engine.address() as AddressInfo).port}`,
      ENGINE_REPLY: "stream",
      ASKS_PER_SECOND: "1000",
      ...(process.env["DOCRELAY_REDIS_SERVER"] && { DOCRELAY_REDIS_SERVER: process.env["DOCRELAY_REDIS_SERVER"] }),
    },
  }),
);
await docrelay.waitFor(/^ready /);
const url = `http://localhost:${port}`;
const browser = await chromium.launch({
  executablePath: await findChromium(),
  args: ["--no-sandbox", "--disable-gpu"],
});
started.defer(() => browser.close());

async function open(): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 } })).newPage();
  await page.goto(url);
  await page.locator('#connection[data-state="online"]').waitFor();
  return page;
}

/**
 * Returns the CPU time in ms of each task that the page's main thread ran during `work`. The thread with the most CPU
 * time counts as the main thread.
 */
async function tasksOf(page: Page, work: () => Promise<void>): Promise<number[]> {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const byThread = new Map<string, number[]>();
  for (const { name, ph, pid, tid, tdur = 0 } of traceEvents) {
    if (ph !== "X" || name !== "RunTask") continue;
    const thread = `${pid} ${tid}`;
    byThread.set(thread, [...(byThread.get(thread) ?? []), tdur / 1000]);
  }
  const sum = (all: number[]): number => all.reduce((one, other) => one + other, 0);
  return [...byThread.values()].toSorted((one, other) => sum(other) - sum(one))[0] ?? [];
}

function report(what: string, rounds: number[][]): void {
  const median = (all: number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const longest = rounds.map((tasks) => Math.max(...tasks));
  const over = (ms: number): number => median(rounds.map((tasks) => tasks.filter((task) => task > ms).length));
  const all = rounds.map((tasks) => tasks.reduce((one, other) => one + other, 0));
  process.stdout.write(
    `${what}: longest task ${median(longest).toFixed(0)} ms (${longest.map((ms) => ms.toFixed(0)).join(", ")}), ` +
      `${over(50)} over 50 ms, ${over(100)} over 100 ms, all ${(median(all) / 1000).toFixed(1)} s\n`,
  );
}

async function ask(page: Page, text: string): Promise<void> {
  await page.fill("#question", text);
  await page.press("#question", "Enter");
  await page.locator('.ask:last-child .answer[data-state="completed"]').waitFor({ timeout: 120_000 });
}

const rows = process.argv.slice(2);
const runs = (row: string): boolean => rows.length === 0 || rows.includes(row);
const rounds: number[][] = [];
for (let round = 0; round < ROUNDS && runs("stream"); round++) {
  const page = await open();
  rounds.push(await tasksOf(page, () => ask(page, "a long one")));
  await page.context().close();
}
if (runs("stream")) report("200 kB streamed", rounds);
if (runs("reload")) await reloads(await open());

async function reloads(page: Page): Promise<void> {
  await ask(page, "the first");
  await askAll(page, ASKS - 1);
  const isDrawn = `document.querySelectorAll(".answer[data-state=completed] .text:not(:empty)").length === ${ASKS}`;
  const drawn = async (): Promise<number> =>
    page.evaluate<number>(`new Promise((resolve) => {
      const look = () => (${isDrawn} ? resolve(performance.now()) : requestAnimationFrame(look));
      look();
    })`);
  /** Reloads the page. Returns how many ms pass until all answers are drawn. */
  async function reload(): Promise<number> {
    await page.reload({ waitUntil: "commit" });
    return drawn();
  }
  // The first answers may still be drawn now. This work must not count as part of the reload.
  await drawn();
  await page.evaluate("new Promise((resolve) => requestIdleCallback(resolve))");
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await reload());
  report(`reload of ${ASKS} asks in ${times.map((ms) => ms.toFixed(0)).join(", ")} ms; traced`, [
    await tasksOf(page, async () => void (await reload())),
  ]);
  const prints: number[] = [];
  for (let round = 0; round < ROUNDS; round++) prints.push(await print(page, reload));
  process.stdout.write(
    `print of ${ASKS} answers out of sight, none drawn: ${prints.map((ms) => ms.toFixed(0)).join(", ")} ms\n`,
  );
}

/**
 * Returns how many ms the page's listeners for `beforeprint` take in a browser that has never been idle, so that they
 * must draw all answers.
 */
async function print(page: Page, reload: () => Promise<number>): Promise<number> {
  await page.addInitScript("window.requestIdleCallback = () => 0");
  await reload();
  return page.evaluate<number>(`(() => {
    const begun = performance.now();
    dispatchEvent(new Event("beforeprint"));
    return performance.now() - begun;
  })()`);
}

/** Asks `count` questions in the page's conversation, over HTTP, with the session of the page. */
async function askAll(page: Page, count: number): Promise<void> {
  const kept = await page.evaluate<string[]>("Object.values({ ...localStorage })");
  const token = kept.map((one) => /"token":"([^"]+)"/.exec(one)?.[1]).find((one) => one !== undefined) ?? "";
  const conversation = new URL(page.url()).hash.slice("#c=".length);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  for (let n = 1; n <= count; n++) {
    const body = JSON.stringify({ message: `question ${n}`, conversation });
    const post = (): Promise<Response> => fetch(`${url}/v1/asks?wait=1`, { method: "POST", headers, body });
    let answer = await post();
    // The edge responds with 429 when asks come too fast.
    for (; answer.status === 429; answer = await post()) await sleep(1000);
    if (!answer.ok) throw new Error(await answer.text());
    await answer.arrayBuffer();
    if (n % 100 === 0) process.stdout.write(`${n} of ${count} asked\n`);
  }
}

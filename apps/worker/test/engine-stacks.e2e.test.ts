import { writeText, type AskFile } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineStacks, startStack, type Stack, type StackEngine } from "./engine-stacks.ts";
import { shownText, useWorker, type Ending, type WorkerFixture } from "./fixture.ts";

/** What the user got for one ask, and how many calls and prompts the ask cost. */
interface Row {
  /** `completed` or `cancelled`, or the code of the error if the ask failed. */
  readonly how: string;
  readonly sentence: string | undefined;
  readonly reason: string | undefined;
  readonly retryable: boolean | undefined;
  readonly text: string | undefined;
  readonly ms: number;
  /**
   * How many engine calls the worker has logged for the ask. `prompts`: how many prompts the engine's handler has got.
   */
  readonly calls: number;
  readonly prompts: number;
}

/**
 * The outcomes of all asks to the engines of one {@link Stack}. All stacks are tried at the same time, because the asks
 * mostly wait. Each stack runs two engines: while one computes for 45 s, the other serves the other asks.
 */
interface Seen {
  readonly below: Row;
  readonly above: readonly Row[];
  readonly restarted: readonly Row[];
  readonly wrongPath: Row;
  readonly wrongKey: Row;
  /** The ask for which the engine computes for 45 s, and an ask of another user that comes during these 45 s. */
  readonly busy: readonly Row[];
}

const AWAY_MS = 3000;
const SLOW_WORDS = Array.from({ length: 30 }, (_, number) => `w${number} `).join("");
const stacks = engineStacks();
const here = stacks.filter(({ missing }) => missing === undefined);
// Each fixture has a Redis of its own, so that no worker takes asks that are meant for the engine of another fixture.
const ENV = { ENGINE_REPLY: "auto", ENGINE_HEADERS: "Authorization: Bearer right" };
const rigs = here.map(() => ({ short: useWorker({ env: ENV }), busy: useWorker({ env: ENV }) }));
const seen = new Map<string, Seen>();
const engines: StackEngine[] = [];

beforeAll(async () => {
  await Promise.all(
    here.map(async (stack, index) => {
      const rig = rigs[index];
      if (!rig) return;
      const busy = await askBusy(rig.busy, stack);
      const short = await seeShort(rig.short, stack);
      seen.set(stack.name, { ...short, busy: await busy() });
    }),
  );
}, 120_000);
afterAll(async () => void (await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]()))));

describe.each(stacks)("an engine of $name with its defaults", (stack) => {
  const rows = (): Seen => {
    const all = seen.get(stack.name);
    if (!all) throw new Error("its cases did not run");
    return all;
  };
  const test = (name: string, check: () => void): void =>
    it(name, (context) => {
      if (stack.missing !== undefined) {
        process.stdout.write(`skipped: ${stack.name}: ${stack.missing}\n`);
        context.skip(stack.missing);
      }
      check();
    });

  test("answers a prompt that it takes, and refuses a larger one once, with its size", () => {
    expect(rows().below).toMatchObject({ how: "completed", text: "w0 w1 ", calls: 1, prompts: 1 });
    expect(rows().above).toHaveLength(stack.above.length);
    for (const [index, row] of rows().above.entries()) {
      expect(row).toMatchObject({ how: "PROMPT_TOO_LARGE", reason: "engine", retryable: false, prompts: 0 });
      const size = (stack.above[index] ?? 0) / 1_000_000;
      const words = size < 1 ? "34 kB" : `${size.toFixed(1)} MB`;
      expect(row.sentence).toMatch(new RegExp(`^${words} of text is more than the AI engine takes.*fewer or shorter`));
      // If the connection breaks without a close code, the worker calls the engine once more.
      expect(row.calls).toBeLessThanOrEqual(2);
      expect(row.ms).toBeLessThan(20_000);
    }
  });

  test("fails no ask when it restarts in mid-answer", () => {
    expect(rows().restarted).toHaveLength(4);
    for (const row of rows().restarted)
      expect(row).toMatchObject({ how: "completed", text: SLOW_WORDS, calls: 2, prompts: 2 });
  });

  test("is asked once with a path or a key that is wrong", () => {
    const refused = "The AI engine refuses this server. Its operator has to set it right.";
    const of = (reason: string): Partial<Row> => ({ how: "ENGINE_UNAVAILABLE", reason, prompts: 0, calls: 1 });
    expect(rows().wrongKey).toMatchObject({ ...of(stack.wrongKey), sentence: refused });
    expect(rows().wrongKey.ms).toBeLessThan(8000);
    if (stack.wrongPath === undefined) expect(rows().wrongPath).toMatchObject({ how: "completed" });
    // Status 500 may also come from an engine that restarts, so the user is not told that the engine refuses docrelay.
    else if (stack.wrongPath === "http-500") expect(rows().wrongPath).toMatchObject(of(stack.wrongPath));
    else expect(rows().wrongPath).toMatchObject({ ...of(stack.wrongPath), sentence: refused });
  });

  test("that computes for 45 s answers, and so does the ask that came meanwhile: one call each", () => {
    for (const row of rows().busy)
      expect(row).toMatchObject({ how: "completed", text: "w0 w1 ", calls: 1, prompts: 1 });
    expect(rows().busy[0]?.ms).toBeGreaterThan(44_000);
    expect(Math.max(...rows().busy.map(({ ms }) => ms))).toBeLessThan(60_000);
  });
});

async function seeShort(at: WorkerFixture, stack: Stack): Promise<Omit<Seen, "busy">> {
  const engine = await startStack(stack);
  engines.push(engine);
  const url = `ws://127.0.0.1:${engine.port}/ws`;
  const worker = await at.here({ ENGINE_URL: url });
  const below = await see(at, engine, "below", () => askAbout(at, "below", stack.below));
  const above: Row[] = [];
  for (const size of stack.above) above.push(await see(at, engine, `above-${size}`, (id) => askAbout(at, id, size)));
  const restarted = await seeRestart(at, engine);
  await worker.stop();
  const wrong = async (id: string, env: Record<string, string>): Promise<Row> => {
    const other = await at.here({ ENGINE_URL: url, ENGINE_AWAY_MS: "2000", ...env });
    const row = await see(at, engine, id, () => at.ask(id, id));
    await other.stop();
    return row;
  };
  const wrongPath = await wrong("path", { ENGINE_URL: `${url}/` });
  const wrongKey = await wrong("key", { ENGINE_HEADERS: "Authorization: Bearer wrong" });
  return { below, above, restarted, wrongPath, wrongKey };
}

async function seeRestart(at: WorkerFixture, engine: StackEngine): Promise<Row[]> {
  const ids = Array.from({ length: 4 }, (_, number) => `slow-${number}`);
  const before = engine.prompts();
  const begun = performance.now();
  await Promise.all(ids.map((id) => at.ask(id, id, { message: "slow" })));
  const isAnswered = async (id: string): Promise<boolean> => shownText(await at.events(id), id) !== "";
  await eventually(async () => (await Promise.all(ids.map(isAnswered))).every(Boolean));
  await engine.restart(AWAY_MS);
  const ends = await Promise.all(ids.map((id) => at.ended(id, id, 60_000)));
  const prompts = (engine.prompts() - before) / ids.length;
  return ends.map((end, index) => rowOf(at, end, { id: ids[index] ?? "", begun, prompts }));
}

/**
 * Starts an engine that computes for 45 s for a first ask, and sends a second ask meanwhile. Returns a function that
 * waits for both answers.
 */
async function askBusy(at: WorkerFixture, stack: Stack): Promise<() => Promise<Row[]>> {
  const engine = await startStack(stack);
  engines.push(engine);
  await at.here({ ENGINE_URL: `ws://127.0.0.1:${engine.port}/ws` });
  const begun = performance.now();
  await at.ask("busy", "busy", { message: "busy" });
  await eventually(() => engine.prompts() === 1, { what: `${stack.name} is busy` });
  await at.ask("meanwhile", "meanwhile", { message: "quick" }, { user: "another" });
  const row = (end: Ending): Row => rowOf(at, end, { id: end.ask, begun, prompts: engine.prompts() / 2 });
  const rows = Promise.all([
    at.ended("busy", "busy", 80_000),
    at.ended("meanwhile", "meanwhile", 80_000, "another"),
  ]).then((ends) => ends.map(row));
  rows.catch(() => undefined); // avoids an unhandled rejection; the caller that awaits `rows` gets the error
  return () => rows;
}

/** Asks about a file whose text has `size` bytes. */
async function askAbout(at: WorkerFixture, id: string, size: number): Promise<void> {
  const file: AskFile = await at.file(`${id}.pdf`, Buffer.from(id), { extract: false });
  const text = { pages: ["x".repeat(size)], chars: size, missing: [], ocr: [], truncated: false, extractMs: 1 };
  await writeText(at.store, file.text, { kind: "text", ...text });
  await at.ask(id, id, { message: "what is inside?", files: [file] });
}

async function see(
  at: WorkerFixture,
  engine: StackEngine,
  id: string,
  ask: (id: string) => Promise<void>,
): Promise<Row> {
  const before = engine.prompts();
  const begun = performance.now();
  await ask(id);
  const end = await at.ended(id, id, 60_000);
  return rowOf(at, end, { id, begun, prompts: engine.prompts() - before });
}

function rowOf(
  at: WorkerFixture,
  end: Ending,
  { id, begun, prompts }: { id: string; begun: number; prompts: number },
): Row {
  const error = end.type === "failed" ? end.error : undefined;
  return {
    how: error?.code ?? end.type,
    sentence: error?.message,
    reason: error?.reason,
    retryable: error?.retryable,
    text: end.type === "completed" ? end.text : undefined,
    ms: Math.round(performance.now() - begun),
    calls: at.logged.filter((line) => line.includes(`"attempt begun"`) && line.includes(`"askId":"${id}"`)).length,
    prompts,
  };
}

import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "@docrelay/testkit";
import { rollBack } from "./break/breaker.ts";
import type { Call } from "./cluster/engine.ts";
import { revive } from "./cluster/cluster.ts";
import type { Entry } from "./history.ts";
import type { Stage, StageOptions } from "./stage.ts";
import type { Fault } from "./check/violation.ts";

/** A scripted run that passes with the product, and fails with one broken variant. */
export interface Canary {
  /** The name of the broken variant in {@link VARIANTS}, or a name for the broken reader. */
  readonly name: string;
  readonly variant?: string;
  /** What the checker must report for the broken variant. */
  readonly fault: Fault;
  readonly options: StageOptions;
  play(stage: Stage, broken: boolean): Promise<void>;
}

/** How many words of an answer the engine sends before it waits for the scenario. */
const SAID = 3;

const HOUR_MS = 3_600_000;
/** The environment of a worker whose clock is a quarter of an hour ahead, and that sweeps. */
const AHEAD = { CHAOS_MACHINE: JSON.stringify({ aheadMs: HOUR_MS / 4 }), CHAOS_SWEEPS: "1" };

export const CANARIES: readonly Canary[] = [
  {
    name: "no fence",
    variant: "no fence",
    fault: "WRONG-TEXT",
    options: { patienceMs: 6000 },
    async play(stage) {
      const { engine, cluster, history } = stage;
      engine.script = (call) => call.say(0, SAID);
      const user = await stage.user();
      await user.ask();
      const first = await callNumber(stage, 1);
      const zombie = cluster.workers.find(({ outerHop }) => outerHop.connections > 0);
      await stage.seen("shown", ({ type, attempt }) => type === "delta" && attempt === 1);
      zombie?.freeze();
      // A frozen worker does not read, so the rest of the answer waits in its socket until the worker is thawed.
      first.say(SAID);
      first.end();
      const second = await callNumber(stage, 2);
      await stage.seen("shown", ({ type, attempt }) => type === "delta" && attempt === 2);
      zombie?.thaw();
      await eventually(() => history.entries.some(({ kind }) => kind === "fenced") || user.unfinished === 0);
      second.say(SAID);
      second.end();
    },
  },
  {
    name: "no idempotency record",
    variant: "no idempotency record",
    fault: "DUP-APPLIED",
    options: { patienceMs: 8000, members: { "edge-1": { CHAOS_FAILPOINTS: "accept:after@1" } } },
    async play(stage) {
      const user = await stage.user({ edges: [0, 1] });
      await user.ask(); // the user's edge dies between accepting the ask and acknowledging it
      await reviveDead(stage);
    },
  },
  {
    name: "no event count",
    variant: "no event count",
    fault: "DUP-APPLIED",
    options: { patienceMs: 6000, workers: 1, env: { CHAOS_FORGET: "append@1" } },
    async play(stage) {
      const user = await stage.user();
      await user.ask();
    },
  },
  {
    name: "no barrier",
    variant: "no barrier",
    fault: "UNTOLD",
    options: { patienceMs: 8000, edges: 1, workers: 1, env: { CHAOS_SLOW_SUBSCRIBE_MS: "800" } },
    async play(stage) {
      stage.engine.script = sayAll;
      const user = await stage.user();
      await user.ask();
    },
  },
  {
    name: "publish before log",
    variant: "publish before log",
    fault: "NOT-THE-LOG",
    // The broken variant dies when the first delta was published and is not in the log. The product writes first, so
    // the product dies when the delta is in the log.
    options: {
      patienceMs: 8000,
      workers: 1,
      env: {},
      members: { "worker-1": { CHAOS_FAILPOINTS: "told@1,append:after@1" } },
    },
    async play(stage) {
      const user = await stage.user();
      await user.ask();
      await reviveDead(stage);
    },
  },
  {
    name: "no log",
    variant: "no log",
    fault: "NOT-THE-LOG",
    options: { patienceMs: 6000, workers: 1, edges: 1 },
    async play(stage) {
      const user = await stage.user();
      await user.ask();
    },
  },
  {
    name: "no sweeper",
    variant: "no sweeper",
    fault: "LOST",
    // The worker dies after the text is stored and the wait list is empty, but before the bell is rung.
    options: {
      patienceMs: 12_000,
      workers: 1,
      edges: 1,
      members: { "worker-1": { CHAOS_FAILPOINTS: "takeWaiting:after@1" } },
    },
    async play(stage) {
      const user = await stage.user();
      await user.ask("pdf");
      await reviveDead(stage);
    },
  },
  {
    name: "one room for all",
    variant: "one room for all",
    fault: "CROSS-USER",
    options: { patienceMs: 6000, workers: 1, edges: 1 },
    async play(stage) {
      const users = [await stage.user(), await stage.user()];
      for (const user of users) await user.ask();
    },
  },
  {
    name: "own clock",
    variant: "own clock",
    fault: "LOST",
    options: { patienceMs: 8000, hasFolder: true, members: { "worker-2": AHEAD } },
    async play(stage) {
      const [, ahead] = stage.cluster.workers;
      await ahead?.kill();
      stage.engine.script = (call) => call.say(0, SAID);
      const sweepOnce = memo(() => sweepAhead(stage));
      const user = await stage.user({ onStored: sweepOnce });
      await user.ask(); // the worker whose clock is right runs this ask
      const call = await callNumber(stage, 1);
      stage.engine.script = sayAll;
      await user.ask("pdf");
      call.say(SAID);
      call.end();
      await eventually(() => user.unfinished === 0);
      if (stage.engine.calls.filter(({ ask }) => ask === call.ask).length > 1) throw new Error("was taken over");
    },
  },
  {
    name: "no nonce",
    variant: "no nonce",
    fault: "NOT-THE-LOG",
    options: { patienceMs: 8000, workers: 1 },
    async play(stage) {
      stage.engine.script = sayAll;
      const { cluster, history } = stage;
      const user = await stage.user({ tabs: 2, edges: [0, 1] });
      const [cutOff] = cluster.edges;
      await end(stage, await user.ask());
      await rollBack(cluster, history, async () => {
        await end(stage, await user.ask());
        await end(stage, await user.ask());
        cutOff?.redisHop.blackhole(); // cuts this edge off from Redis; one of the tabs stays connected to the edge
      });
      // Other events take the places of the events that the rollback has removed.
      for (let asks = 0; asks < 4; asks++) await user.ask();
      const last = await user.ask();
      await stage.seen("answered", ({ ask }) => ask === last);
      cutOff?.redisHop.heal();
      history.add({ kind: "fault", fault: "roll-back redis", target: "redis", forMs: history.now() });
    },
  },
  {
    name: "a reader without a gap check",
    fault: "GAPS",
    options: { patienceMs: 6000, workers: 1, edges: 1, env: { CHAOS_DROP_HINT: "2" } },
    async play(stage, broken) {
      const user = await stage.user({ careless: broken });
      await user.ask();
    },
  },
];

/** Waits until both tabs have shown that the ask `of` is completed. */
async function end({ history }: Stage, of: string): Promise<void> {
  const isEnd = (entry: Entry): boolean => entry.kind === "shown" && entry.ask === of && entry.type === "completed";
  await eventually(() => history.entries.filter(isEnd).length === 2, { timeoutMs: 15_000, what: `the end of ${of}` });
}

/** Starts the worker whose clock is ahead, and waits until it has removed what has expired. */
async function sweepAhead({ cluster, history }: Stage): Promise<void> {
  const place = join(cluster.folder ?? "", "docrelay-blobs");
  const expired = join(place, "A".repeat(22));
  const old = new Date(Date.now() - HOUR_MS);
  await mkdir(expired);
  await writeFile(join(expired, "until"), "");
  await utimes(join(expired, "until"), old, old);
  const [, ahead] = cluster.workers;
  if (ahead) await revive(ahead, history);
  const blobs = async (): Promise<string[]> => (await readdir(place)).filter((name) => name.length === 22);
  await eventually(async () => !(await blobs()).includes("A".repeat(22)), { what: "a sweep" });
  // In the broken variant this sweep also removes the blobs that have not expired, within a second after the expired
  // one. In the product they stay, so this wait fails, and the error is ignored.
  await eventually(async () => (await blobs()).length === 0, { timeoutMs: 1000 }).catch(() => undefined);
}

function memo(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}

function sayAll(call: Call): void {
  call.say(0);
  call.end();
}

function callNumber({ engine }: Stage, call: number): Promise<Call> {
  return eventually(() => engine.calls.find((one) => one.call === call), { timeoutMs: 12_000, what: `call ${call}` });
}

/** Waits until the member has died at its failpoint, and starts a process without failpoints in its place. */
async function reviveDead({ cluster, history }: Stage): Promise<void> {
  const dead = await eventually(() => cluster.members.find(({ up }) => !up), { timeoutMs: 10_000, what: "a death" });
  dead.env = {};
  await revive(dead, history);
}

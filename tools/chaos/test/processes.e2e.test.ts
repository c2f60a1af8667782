import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { revive } from "../src/cluster/cluster.ts";
import { spread, type Verdict } from "../src/check/checker.ts";
import type { Call } from "../src/cluster/engine.ts";
import { playStage, type Stage } from "../src/stage.ts";
import { PROMISED } from "../src/report/summary.ts";
import type { User } from "../src/readers/user.ts";

const GRACE_MS = 500;
/** Promised times are doubled in these tests, because the machine may be busy. */
const SLACK = 2;
/** 25 users with 4 tabs each are a hundred tabs, which is enough for a p99. */
const PEOPLE = 25;
const TABS = 4;

const passed = (verdict: Verdict): void => {
  expect(verdict.violations).toEqual([]);
  expect(verdict.completed).toBeGreaterThan(0);
};
/** Sends an ask, and resolves with its first engine call when the call has sent three words; then the call waits. */
async function midAnswer(stage: Stage, user: User): Promise<Call> {
  stage.engine.script = (call) => call.say(0, 3);
  const asked = user.ask();
  const call = await callNumber(stage, 1);
  await asked;
  await stage.seen("shown", ({ type }) => type === "delta");
  return call;
}
function callNumber({ engine }: Stage, number: number): Promise<Call> {
  return eventually(() => engine.calls.find(({ call }) => call === number), { what: "the call" });
}
function firstAnswer(stage: Stage, name: string): Promise<unknown> {
  return stage.seen("shown", ({ user, type }) => user === name && type === "completed", 60_000);
}
function finish(call: Call): void {
  call.say(3);
  call.end();
}
function answering({ cluster }: Stage): Stage["cluster"]["workers"][number] {
  const worker = cluster.workers.find(({ outerHop }) => outerHop.connections > 0);
  if (!worker) throw new Error("nobody is talking to the engine");
  return worker;
}

describe("workers", () => {
  it("one that is killed in mid-answer is followed by another within 1.2 s", async () => {
    const verdict = await playStage({ edges: 1 }, async (stage) => {
      const user = await stage.user();
      await midAnswer(stage, user);
      const killedAt = performance.now();
      await answering(stage).kill();
      const second = await callNumber(stage, 2);
      expect(performance.now() - killedAt).toBeLessThan(PROMISED.takeover * SLACK);
      finish(second);
      second.say(0, 3); // comes too late: the reply of this call has ended
    });
    passed(verdict);
  });

  it("one that was stopped and goes on when another has the ask writes nothing", async () => {
    const verdict = await playStage({ edges: 1 }, async (stage) => {
      const user = await stage.user();
      const first = await midAnswer(stage, user);
      const zombie = answering(stage);
      zombie.freeze();
      finish(first);
      const second = await callNumber(stage, 2);
      await stage.seen("shown", ({ type, attempt }) => type === "delta" && attempt === 2);
      zombie.thaw();
      await stage.seen("fenced");
      finish(second);
    });
    passed(verdict);
    expect(verdict.fenced).toBeGreaterThan(0);
  });

  it("one that is told to stop hands its asks over within its grace and 0.2 s", async () => {
    const verdict = await playStage({ edges: 1, env: { WORKER_GRACE_MS: String(GRACE_MS) } }, async (stage) => {
      const user = await stage.user();
      await midAnswer(stage, user);
      const worker = answering(stage);
      const toldAt = performance.now();
      worker.excuse();
      worker.process?.kill("SIGTERM");
      const second = await callNumber(stage, 2);
      expect(performance.now() - toldAt).toBeLessThan((GRACE_MS + PROMISED.handOver) * SLACK);
      finish(second);
    });
    passed(verdict);
  });
});

describe("edges", () => {
  it("clients of a killed edge are caught up elsewhere, in the middle of their answers", async () => {
    const verdict = await playStage({}, async (stage) => {
      const users = await crowd(stage, [0, 1], PEOPLE, TABS);
      const calls = heldCalls(stage);
      await Promise.all(users.map((user) => user.ask()));
      await eventually(() => calls.length === users.length);
      await stage.cluster.edges[0]?.kill();
      for (const call of calls) finish(call);
    });
    passed(verdict);
    expect(verdict.recovery.count).toBeGreaterThanOrEqual(2 * PEOPLE);
    expect(verdict.catchUp.p99).toBeLessThan(PROMISED.catchUp * SLACK);
  });

  it(
    "a rolling restart of all of them under load loses nothing, and nobody stays down",
    { timeout: 120_000 },
    async () => {
      const verdict = await playStage({ edges: 3 }, async (stage) => {
        const users = await crowd(stage, [0, 1, 2], PEOPLE, TABS);
        const end = new AbortController();
        const lives = users.map((user) => user.live(end.signal));
        // The restarts begin only after each user's first answer: otherwise the times would include the start of the
        // PDF children.
        await Promise.all(users.map(({ name }) => firstAnswer(stage, name)));
        for (const edge of stage.cluster.edges) {
          await edge.kill("SIGTERM");
          await revive(edge, stage.history);
        }
        end.abort();
        await Promise.all(lives);
      });
      passed(verdict);
      // Every tab has lost its connection at least once.
      expect(verdict.recovery.count).toBeGreaterThanOrEqual(TABS * PEOPLE);
      expect(verdict.recovery.p99).toBeLessThan(PROMISED.gap * SLACK);
    },
  );
});

describe("hints", () => {
  it("lost with every pub/sub connection, again and again, cost nobody an event", async () => {
    const verdict = await playStage({ edges: 2 }, async (stage) => {
      const users = await crowd(stage, [0, 1]);
      const calls = heldCalls(stage);
      await Promise.all(users.map((user) => user.ask()));
      await eventually(() => calls.length === users.length);
      for (let word = 3; word < 8; word++) {
        const cut = await stage.redis("CLIENT", "KILL", "TYPE", "pubsub");
        expect(Number(cut)).toBeGreaterThan(0);
        stage.history.add({ kind: "fault", fault: "pub/sub cut", target: "edges", forMs: 0 });
        for (const call of calls) call.say(word, word + 1);
        await eventually(async () => Number(await subscribers(stage)) > 0);
      }
      for (const call of calls) {
        call.say(8);
        call.end();
      }
    });
    passed(verdict);
  });

  it("a client whose line has gone silent both ways comes back over another", async () => {
    const verdict = await playStage({ edges: 2 }, async (stage) => {
      const user = await stage.user({ edges: [0, 1] });
      const call = await midAnswer(stage, user);
      stage.cluster.edges[0]?.outerHop.blackhole();
      stage.history.add({ kind: "fault", fault: "blackhole outer", target: "edge-1", forMs: 15_000 });
      finish(call);
      await eventually(() => user.unfinished === 0);
    });
    passed(verdict);
  });
});

/**
 * Adds users with some tabs each. Each new connection of a user goes to the next of these edges, and after the last
 * edge to the first one again.
 */
async function crowd(stage: Stage, edges: readonly number[], people = 10, tabs = 2): Promise<User[]> {
  return Promise.all(Array.from({ length: people }, (_, index) => stage.user({ tabs, edges, name: `u${index + 1}` })));
}
function heldCalls(stage: Stage): Call[] {
  const calls: Call[] = [];
  stage.engine.script = (call) => {
    call.say(0, 3);
    calls.push(call);
  };
  return calls;
}
async function subscribers(stage: Stage): Promise<number> {
  const lines = String(await stage.redis("CLIENT", "LIST", "TYPE", "pubsub"));
  return spread(lines.split("\n").map((line) => Number(/ssub=(\d+)/.exec(line)?.[1] ?? 0))).most;
}

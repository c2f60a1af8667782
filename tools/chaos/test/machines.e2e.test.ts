import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { promisify } from "node:util";
import type { Ack } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { rollBack } from "../src/break/breaker.ts";
import type { Verdict } from "../src/check/checker.ts";
import { revive, type Member } from "../src/cluster/cluster.ts";
import type { Call } from "../src/cluster/engine.ts";
import { SOUND, type Machine } from "../src/preload/machine.ts";
import { playStage, type Stage } from "../src/stage.ts";

/*
 * Tests of faults of a machine: a clock that jumps, no descriptors, a full disk, a Redis that starts slowly. A clock
 * that is ahead and a log that was rolled back are also tested by the canaries "own clock" and "no nonce".
 */
const QUARTER_MS = 900_000;

const passed = (verdict: Verdict, completed: number): void => {
  expect(verdict.violations).toEqual([]);
  expect(verdict.completed).toBe(completed);
};
/** Returns a list to which every further engine call is added. Each call sends three words and then waits. */
function heldCalls({ engine }: Stage): Call[] {
  const calls: Call[] = [];
  engine.script = (call) => {
    call.say(0, 3);
    calls.push(call);
  };
  return calls;
}
function finish({ engine }: Stage, calls: readonly Call[]): void {
  engine.script = (call) => {
    call.say(0);
    call.end();
  };
  for (const call of calls) {
    call.say(3);
    call.end();
  }
}
/** Runs `play` while the machine of a process has this fault, and records the fault in the history. */
async function during({ history }: Stage, member: Member, machine: Machine, play: () => Promise<void>): Promise<void> {
  const begun = history.now();
  member.find(machine);
  await play();
  member.find(SOUND);
  history.add({ kind: "fault", fault: "machine", target: member.name, forMs: history.now() - begun });
}
function first(members: readonly Member[]): Member {
  if (!members[0]) throw new Error("there is none");
  return members[0];
}
/** Requests `/readyz` of a member over a new connection, and returns the status. */
async function readiness({ outerHop: { port } }: Member): Promise<number | undefined> {
  const [response] = (await once(get({ port, path: "/readyz", agent: false }), "response")) as [IncomingMessage];
  return response.resume().statusCode;
}

describe.each([
  ["ahead", QUARTER_MS],
  ["behind", -QUARTER_MS],
])("a clock that jumps a quarter of an hour %s", (_where, aheadMs) => {
  it("in an edge refuses nobody, and does not hide that Redis is away", async () => {
    const verdict = await playStage({ edges: 1, workers: 1 }, async (stage) => {
      const edge = first(stage.cluster.edges);
      const user = await stage.user();
      const calls = heldCalls(stage);
      await user.ask();
      expect(await readiness(edge)).toBe(200);
      await during(stage, edge, { aheadMs }, async () => {
        await user.ask("pdf");
        finish(stage, calls);
        await eventually(() => user.unfinished === 0);
        await stage.cluster.redis.pause();
        await eventually(async () => (await readiness(edge)) === 503, { timeoutMs: 10_000, what: "not ready" });
        await stage.cluster.redis.resume();
        await eventually(async () => (await readiness(edge)) === 200, { timeoutMs: 10_000, what: "ready" });
      });
      await user.ask();
    });
    passed(verdict, 3);
    expect(verdict.refused).toBe(0);
  });

  it("in a worker, in the middle of an answer and of an extraction, changes nothing", async () => {
    const verdict = await playStage({ edges: 1, workers: 1 }, async (stage) => {
      const user = await stage.user();
      const calls = heldCalls(stage);
      await user.ask();
      await stage.seen("shown", ({ type }) => type === "delta");
      await user.ask("pdf");
      await during(stage, first(stage.cluster.workers), { aheadMs }, async () => {
        await user.ask("pdf");
        finish(stage, calls);
        await eventually(() => user.unfinished === 0);
      });
    });
    passed(verdict, 3);
    expect(verdict.engineCalls).toBe(3);
  });
});

describe("a process without descriptors", () => {
  it("that is an edge keeps its connections, and takes new ones when it has some again", async () => {
    const verdict = await playStage({ workers: 1 }, async (stage) => {
      const edge = first(stage.cluster.edges);
      const users = [await stage.user(), await stage.user({ edges: [1] })];
      const calls = heldCalls(stage);
      await Promise.all(users.map((user) => user.ask()));
      await during(stage, edge, { isOutOfDescriptors: true }, async () => {
        await eventually(
          () =>
            readiness(edge).then(
              () => false,
              () => true,
            ),
          { what: "a refused connection" },
        );
        await Promise.all(users.map((user) => user.ask("pdf")));
        finish(stage, calls);
        await eventually(() => users.every(({ unfinished }) => unfinished === 0), { what: "every answer" });
      });
      await eventually(async () => (await readiness(edge)) === 200, { timeoutMs: 10_000, what: "a new connection" });
      await (await stage.user()).ask();
    });
    passed(verdict, 5);
  });

  it("that is a worker ends its asks when it has some again", async () => {
    const verdict = await playStage({ edges: 1, workers: 1 }, async (stage) => {
      const worker = first(stage.cluster.workers);
      const user = await stage.user();
      await during(stage, worker, { isOutOfDescriptors: true }, async () => {
        worker.outerHop.reset();
        await user.ask();
        await user.ask("pdf");
        await eventually(() => worker.process?.lines.some((line) => line.includes("EMFILE")), { what: "EMFILE" });
        const running = (): Promise<unknown> => stage.redis("LLEN", "{bull}:extract:active");
        await eventually(async () => (await running()) === 1, { what: "an extraction" });
        expect(stage.engine.calls).toEqual([]);
      });
      await eventually(() => user.unfinished === 0, { what: "both answers" });
    });
    passed(verdict, 2);
  });
});

describe("a full disk", () => {
  it("of the files is told to those who upload, who go on when there is room again", async () => {
    const codes: string[] = [];
    const verdict = await playStage({ edges: 1, workers: 1, hasFolder: true }, async (stage) => {
      const edge = first(stage.cluster.edges);
      const user = await stage.user({ onStored: () => undefined });
      const [tab] = user.tabs;
      await during(stage, edge, { isDiskFull: true }, async () => {
        const file = { upload: "full", name: "a.pdf", type: "application/pdf", size: 20 };
        await tab?.send("upload:start", file);
        const chunk = { upload: "full", offset: 0, bytes: Buffer.from("%PDF-1.7 and no more") };
        const answer: Ack | undefined = await tab?.send("upload:chunk", chunk);
        codes.push(answer?.ok === false ? answer.error.code : String(answer?.ok));
        const asked = user.ask("pdf");
        await user.ask();
        await stage.seen("shown", ({ type }) => type === "completed");
        edge.find(SOUND);
        await asked;
      });
      await eventually(() => user.unfinished === 0, { what: "both answers" });
      const files = readdirSync(stage.cluster.folder ?? "", { recursive: true }).map(String);
      expect(files.filter((name) => /[\da-f]{8}-/.test(name))).toEqual([]);
    });
    passed(verdict, 2);
    expect(codes).toEqual(["STORE_UNAVAILABLE"]);
  });

  it("of Redis's log ends Redis, and costs nothing that was acknowledged", async () => {
    const verdict = await playStage({ edges: 1, workers: 1 }, async (stage) => {
      const { cluster, history } = stage;
      const user = await stage.user();
      const calls = heldCalls(stage);
      await user.ask();
      await stage.seen("shown", ({ type }) => type === "delta");
      const begun = history.now();
      await fillDiskOf(stage);
      const asked = user.ask();
      finish(stage, calls);
      await eventually(() => readiness(first(cluster.edges)).then((status) => status === 503), { what: "no Redis" });
      await cluster.redis.kill();
      await cluster.redis.restart();
      history.add({ kind: "fault", fault: "fill redis", target: "redis", forMs: history.now() - begun });
      await asked;
      await eventually(() => user.unfinished === 0, { what: "both answers" });
    });
    passed(verdict, 2);
  });
});

/**
 * Makes the append-only file of a local Redis unable to grow, so that Redis ends at its next write. A Redis in a
 * container is killed instead.
 */
async function fillDiskOf({ cluster, redis }: Stage): Promise<void> {
  const [, pid = "0"] = /^process_id:(\d+)/m.exec(String(await redis("INFO", "server"))) ?? [];
  const command = `/proc/${pid}/cmdline`;
  if (!existsSync(command) || !readFileSync(command, "latin1").includes(String(cluster.redis.port)))
    return cluster.redis.kill();
  const [, size = "0"] = /^aof_current_size:(\d+)/m.exec(String(await redis("INFO", "persistence"))) ?? [];
  await promisify(execFile)("prlimit", ["--pid", pid, `--fsize=${size}`]);
}

it("a Redis that reads its log for seconds is waited for, also by processes that start meanwhile", async () => {
  const verdict = await playStage({ edges: 1, workers: 1, redisArgs: ["--key-load-delay", "30000"] }, async (stage) => {
    const { cluster, history } = stage;
    const user = await stage.user();
    const calls = heldCalls(stage);
    await user.ask();
    await user.ask("pdf");
    await stage.seen("shown", ({ type }) => type === "delta");
    const begun = history.now();
    await Promise.all([cluster.redis.kill(), ...cluster.members.map((member) => member.kill())]);
    let isBack = false;
    const back = cluster.redis.restart().then(() => (isBack = true));
    const revived = cluster.members.map((member) => revive(member, history).then(() => isBack));
    await back;
    const slowMs = history.now() - begun;
    expect(slowMs).toBeGreaterThan(2000);
    expect(await Promise.all(revived)).toEqual([true, true]);
    history.add({ kind: "fault", fault: "slow redis", target: "redis", forMs: slowMs });
    finish(stage, calls);
    await eventually(() => user.unfinished === 0, { what: "both answers" });
  });
  passed(verdict, 2);
  // No process has ended: a process that ended and was started again would be in the faults as "slow start".
  expect(verdict.faults).toEqual({ "slow redis": 1 });
});

it("a log that was rolled back is read again from its beginning, and nothing in it is there twice", async () => {
  const verdict = await playStage({}, async (stage) => {
    const { cluster, history } = stage;
    const users = [await stage.user({ tabs: 2, edges: [0, 1] }), await stage.user({ tabs: 2, edges: [1, 0] })];
    const all = async (): Promise<void> => {
      await Promise.all(users.map((user) => user.ask("pdf")));
      await eventually(() => users.every(({ unfinished }) => unfinished === 0), { what: "every answer" });
    };
    await all();
    const begun = history.now();
    await rollBack(cluster, history, async () => {
      await all();
      heldCalls(stage);
      await Promise.all(users.map((user) => user.ask()));
    });
    history.add({ kind: "fault", fault: "roll-back redis", target: "redis", forMs: history.now() - begun });
    finish(stage, []);
    await stage.seen("reset", ({ tab }) => tab === "u1.1");
    await all();
  });
  passed(verdict, 4);
});

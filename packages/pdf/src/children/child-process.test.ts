import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { constants, getPriority } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, makePdf, spawnNode } from "@docrelay/testkit";
import { startObeying, work } from "../../test/obeying.ts";
import { sharedCores } from "../../test/shared-cores.ts";
import { startChild, type Child } from "./child-process.ts";
import { createCoreWatch } from "./core-watch.ts";
import type { EngineName } from "../engines/page-engine.ts";
import type { Report } from "../child/messages.ts";

const children: Child[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});
function start(engine: EngineName, entry?: string, coreWatch = sharedCores()): Child {
  const child = startChild(engine, coreWatch, { entry });
  children.push(child);
  return child;
}

const JOB = { password: undefined, engine: "pdfium", maxPages: 10, maxTextBytes: 10_000 } as const;

const run = (child: Child, bytes: Uint8Array): Promise<Report[]> =>
  Array.fromAsync(child.run({ ...JOB, bytes }, new AbortController().signal));

/**
 * The tests that run only on Linux need programs of util-linux, which every Linux system has. If a program is missing,
 * these tests fail.
 */
const LINUX = process.platform === "linux";

interface Thread {
  readonly nice: number;
  readonly policy: number;
}
const SCHED_OTHER = 0;
const SCHED_IDLE = 5;
const USUAL: Thread = { nice: getPriority(), policy: SCHED_OTHER };

function threadsOf({ pid }: Child): Thread[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    // In /proc/<pid>/stat, field 19 is the nice value and field 41 the scheduling policy. Field 2 ends with `) ` and
    // may hold blanks and brackets itself, so the fields from 3 on are counted from its end.
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return { nice: Number(fields[19 - 3]), policy: Number(fields[41 - 3]) };
  });
}

describe("a child", () => {
  it("has no environment, files, processes, threads, native code or network, and a lower priority", async () => {
    const reports = await run(
      start("pdfium", join(import.meta.dirname, "../../test/probe-child.ts")),
      new Uint8Array(),
    );
    expect(reports).toEqual([{ type: "done" }]);
  });

  it("reads a file, and another one", async () => {
    const child = start("pdfium");
    const expected = (text: string): Report[] => [
      { type: "opened", pages: 1 },
      { type: "page", page: 1, text, scan: false },
      { type: "done" },
    ];
    expect(await run(child, makePdf({ pages: ["one"] }))).toEqual(expected("one"));
    expect(await run(child, makePdf({ pages: ["two"] }))).toEqual(expected("two"));
  });

  it("can be killed at any time, also before it is ready", async () => {
    const child = start("pdfium");
    child.kill();
    await expect(child.ready).rejects.toThrow("ended");
    expect(child.alive).toBe(false);
    expect(child.memory()).toBe(0);
  });

  it.runIf(LINUX)("can never get more rights, and has no network where the system permits a namespace", async () => {
    const child = start("pdfium", undefined, createCoreWatch());
    await child.ready;
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    const permits = (...command: string[]): boolean => spawnSync("unshare", command).status === 0;
    const canRead = ["setpriv", "--reuid", "65534", "--clear-groups", "test", "-r", import.meta.filename];
    if (permits("--net", ...canRead)) {
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      expect(status).toMatch(/^Groups:\t\s*$/m);
      expect(status).toMatch(/^Cap(Prm|Bnd):\t0+$/m);
    }
    if (!permits("--map-current-user", "--net", "true")) return;
    expect(readlinkSync(`/proc/${child.pid}/ns/net`)).not.toBe(readlinkSync("/proc/self/ns/net"));
    expect(readFileSync(`/proc/${child.pid}/net/dev`, "utf8").match(/^ *\w+:/gm)).toEqual(["    lo:"]);
  });

  it.runIf(LINUX)("starts like every process, and runs when nobody else wants to once it is ready", async () => {
    const child = start("pdfium", undefined, createCoreWatch());
    expect(threadsOf(child)).toEqual([expect.objectContaining(USUAL)]);
    await child.ready;
    const threads = threadsOf(child);
    expect(threads.length).toBeGreaterThan(1);
    expect(new Set(threads.map(({ policy }) => policy))).toEqual(new Set([SCHED_IDLE]));
  });

  it.runIf(LINUX)("gets a tenth of a core where all are full", async () => {
    const child = start("pdfium", undefined, { ...createCoreWatch(), coresAreFull: () => true });
    await child.ready;
    expect(new Set(threadsOf(child).map(({ nice }) => nice))).toEqual(
      new Set([constants.priority.PRIORITY_BELOW_NORMAL]),
    );
    expect(child.idleOnly).toBe(false);
  });

  it.runIf(LINUX)("starts at a lower priority after many others", () => {
    const coreWatch = { ...createCoreWatch(), takeQuickStart: () => false };
    const [thread] = threadsOf(start("pdfium", undefined, coreWatch));
    expect(thread?.nice).toBe(constants.priority.PRIORITY_BELOW_NORMAL);
  });

  it.runIf(LINUX)("leaves the cores to others from its start in the background, and keeps to that", async () => {
    const coreWatch = { ...createCoreWatch(), coresAreFull: () => true };
    const child = startChild("pdfium", coreWatch, { inBackground: true });
    children.push(child);
    // The child may have several threads already.
    expect(new Set(threadsOf(child).map(({ nice }) => nice))).toEqual(new Set([constants.priority.PRIORITY_LOW]));
    await child.ready;
    expect(new Set(threadsOf(child).map(({ policy }) => policy))).toEqual(new Set([SCHED_IDLE]));
    expect(child.idleOnly).toBe(true);
  });

  it.runIf(LINUX)("does not outlive its parent, in whatever it is stuck", async () => {
    await using parent = spawnNode(join(import.meta.dirname, "../../test/parent.ts"));
    const pid = Number((await parent.waitFor(/stuck/)).split(" ")[1]);
    // A process that has ended keeps its folder in /proc until its parent notices the end. But its `exe` is gone at
    // once.
    const lives = (): boolean => existsSync(`/proc/${pid}/exe`);
    expect(lives()).toBe(true);
    parent.kill("SIGKILL");
    try {
      await eventually(() => !lives(), { what: "the end of the child" });
    } finally {
      if (lives()) process.kill(pid, "SIGKILL");
    }
  });

  it.runIf(LINUX)("tells how much memory it holds", async () => {
    const child = start("pdfium");
    await child.ready;
    expect(child.memory()).toBeGreaterThan(10_000_000);
  });
});

it("a child that is told where to stop reads all pages before that page, and no other", async () => {
  const child = startObeying("pdfium", sharedCores());
  children.push(child);
  const bytes = makePdf({ pages: Array.from({ length: 60 }, () => work(20)) });
  const read: number[] = [];
  for await (const report of child.run({ ...JOB, maxPages: 60, bytes }, new AbortController().signal)) {
    if (report.type === "opened") child.stop(59); // there is more than a second until the child is at this page
    if (report.type === "page") read.push(report.page);
  }
  expect(read).toEqual(Array.from({ length: 58 }, (_, index) => index + 1));
});

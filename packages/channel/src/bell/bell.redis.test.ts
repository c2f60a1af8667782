import { eventually } from "@docrelay/testkit";
import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import {
  BEAT_CHANNEL,
  bellChannel,
  createBell,
  createRoster,
  hearBeats,
  isListening,
  newWorkerName,
  parseBell,
  publishBeat,
  type Beat,
  type BellMessage,
  type Roster,
} from "../index.ts";

const channel = useChannel();
const message: BellMessage = { conversation: channel.at, voided: "worker/owner", hops: 2 };

interface TestWorker {
  readonly worker: string;
  readonly heard: Array<BellMessage | undefined>;
  readonly client: Redis;
}

/** Starts a worker that receives its bells. */
async function start(): Promise<TestWorker> {
  const worker = newWorkerName();
  const client = channel.connect();
  const heard: Array<BellMessage | undefined> = [];
  client.on("smessage", (from: string, text: string) => {
    if (from === bellChannel(worker) && text !== "") heard.push(parseBell(text));
  });
  await client.ssubscribe(bellChannel(worker));
  return { worker, heard, client };
}

/**
 * Makes a roster of these workers. Its `choose` always compares the first worker with the last one, and returns the
 * less loaded.
 */
function rosterOf(...beats: Array<{ worker: string; load: number }>): Roster {
  let calls = 0;
  const roster = createRoster(() => (calls++ % 2 === 0 ? 0 : 0.999));
  for (const { worker, load } of beats) roster.hear({ worker, load, version: 1, capacity: 10 });
  return roster;
}

/** Ends a worker's connection, and waits until Redis has noticed. */
async function kill({ worker, client }: TestWorker): Promise<void> {
  client.disconnect();
  await eventually(async () => !(await isListening(channel.store.redis, worker)));
}

/** Resolves when all earlier bells have arrived: the connection keeps their order. */
async function arrived({ worker, heard }: TestWorker): Promise<void> {
  const count = heard.length;
  await createBell(channel.store.redis, createRoster()).ring({ conversation: channel.at }, { to: worker });
  await eventually(() => heard.length > count);
  heard.pop();
}

describe("ring", () => {
  it("is heard by the chosen worker alone, with all that it says", async () => {
    const [idle, busy] = [await start(), await start()];
    const roster = rosterOf({ ...idle, load: 1 }, { ...busy, load: 9 });
    expect(await createBell(channel.store.redis, roster).ring(message)).toBe(true);
    await eventually(() => idle.heard.length > 0);
    expect(idle.heard).toEqual([message]);
    await arrived(busy);
    expect(busy.heard).toEqual([]);
  });

  it("skips a worker whose connection has closed at once, and leaves its death to its silence", async () => {
    const [dead, busy] = [await start(), await start()];
    const roster = rosterOf({ ...dead, load: 1 }, { ...busy, load: 9 });
    await kill(dead);
    expect(await createBell(channel.store.redis, roster).ring(message)).toBe(true);
    await eventually(() => busy.heard.length > 0);
    expect(busy.heard).toEqual([message]);
    expect(roster.choose({ not: busy.worker })).toBeUndefined();
    // If the ring removed the worker from the roster, its silence would never be noticed, and its asks would wait long.
    for (let tick = 0; tick < 3; tick++) roster.tick();
    expect(roster.suspects()).toContain(dead.worker);
  });

  it("returns false when no worker is there", async () => {
    const dead = await start();
    const roster = rosterOf({ ...dead, load: 0 });
    await kill(dead);
    const bell = createBell(channel.store.redis, roster);
    expect(await bell.ring(message)).toBe(false);
    expect(roster.choose()).toBeUndefined();
    expect(await bell.ring(message)).toBe(false);
  });

  it("tries four workers at most", async () => {
    const roster = rosterOf(...Array.from({ length: 6 }, () => ({ worker: newWorkerName(), load: 0 })));
    expect(await createBell(channel.store.redis, roster).ring(message)).toBe(false);
    for (let left = 2; left > 0; left--) roster.skip(String(roster.choose()));
    expect(roster.choose()).toBeUndefined();
  });

  it("is heard first by the worker that it is for, then by another one", async () => {
    const [meant, idle] = [await start(), await start()];
    const bell = createBell(channel.store.redis, rosterOf({ ...idle, load: 0 }));
    expect(await bell.ring(message, { to: meant.worker })).toBe(true);
    await eventually(() => meant.heard.length === 1);
    await arrived(idle);
    expect(idle.heard).toEqual([]);
    await kill(meant);
    expect(await bell.ring(message, { to: meant.worker })).toBe(true);
    await eventually(() => idle.heard.length === 1);
  });

  it("is never heard by the excluded worker", async () => {
    const [idle, busy] = [await start(), await start()];
    const bell = createBell(channel.store.redis, rosterOf({ ...idle, load: 0 }, { ...busy, load: 9 }));
    expect(await bell.ring(message, { not: idle.worker })).toBe(true);
    await eventually(() => busy.heard.length === 1);
    await kill(busy);
    expect(await bell.ring(message, { not: idle.worker })).toBe(false);
    await arrived(idle);
    expect(idle.heard).toEqual([]);
  });

  it("writes nothing", async () => {
    const { worker } = await start();
    await createBell(channel.store.redis, rosterOf({ worker, load: 0 })).ring(message);
    expect(await channel.store.redis.dbsize()).toBe(0);
  });
});

describe("hearBeats", () => {
  const beat = (more: Partial<Beat> = {}): Beat => ({
    worker: newWorkerName(),
    version: 1,
    load: 0,
    capacity: 5,
    ...more,
  });

  it("keeps a roster by the beats, and ignores what is none", async () => {
    const roster = createRoster();
    const heard: Beat[] = [];
    await hearBeats(channel.connect(), roster, (one) => void heard.push(one));
    const { redis } = channel.store;
    const [one, two] = [beat(), beat({ unfinished: 3 })];
    for (const text of ["", "no beat", "{}"]) await redis.publish(BEAT_CHANNEL, text);
    for (const each of [one, two]) await publishBeat(redis, each);
    await eventually(() => heard.length === 2);
    expect(heard).toEqual([one, two]);
    expect(roster.workers).toEqual([one.worker, two.worker].toSorted());
    await publishBeat(redis, { ...one, leaving: true });
    await eventually(() => heard.length === 3);
    expect(roster.workers).toEqual([two.worker]);
  });
});

describe("after a restart of Redis", () => {
  it("subscriptions come back, and beats and bells are heard", async () => {
    const { worker, heard } = await start();
    const roster = createRoster();
    await hearBeats(channel.connect(), roster);
    await channel.server.kill();
    await channel.server.restart();
    const bell = createBell(channel.store.redis, roster);
    await eventually(
      async () => {
        await publishBeat(channel.store.redis, { worker, version: 1, load: 0, capacity: 5 });
        return bell.ring(message);
      },
      { everyMs: 50, what: "a bell after the restart" },
    );
    await eventually(() => heard.length > 0);
    expect(heard[0]).toEqual(message);
  });
});

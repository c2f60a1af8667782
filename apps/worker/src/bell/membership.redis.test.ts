import { BEAT_CHANNEL } from "@docrelay/channel";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startListeningWorker, type ListeningWorker } from "../../test/listening-worker.ts";

let server: TestRedis;
const workers: ListeningWorker[] = [];
const start = async (): Promise<ListeningWorker> => {
  const worker = await startListeningWorker(server.url);
  workers.push(worker);
  return worker;
};
/** Starts two workers, and returns the leader first. Resolves when each has received the other's beats. */
async function two(): Promise<[ListeningWorker, ListeningWorker]> {
  const [a, b] = [await start(), await start()];
  const [first, second] = a.membership.worker < b.membership.worker ? [a, b] : [b, a];
  await eventually(() => first.membership.isLeader && !second.membership.isLeader);
  return [first, second];
}

beforeAll(async () => {
  server = await startRedis();
});
afterEach(() => {
  for (const worker of workers.splice(0)) worker.die();
});
afterAll(() => server.stop());

describe("the members", () => {
  it("know one as gone, and follow it as leader, when its connections close", async () => {
    const [first, second] = await two();
    let told = 0;
    second.membership.on({ gone: () => void told++ });
    expect(await second.membership.isGone(first.membership.worker)).toBe(false);
    first.die();
    await eventually(() => second.membership.isLeader);
    expect(told).toBeGreaterThan(0);
    expect(await second.membership.isGone(first.membership.worker)).toBe(true);
  });

  it("know at once that one is gone which leaves", async () => {
    const [first, second] = await two();
    const gone = new Promise<void>((resolve) => second.membership.on({ gone: resolve }));
    await first.membership.leave();
    await gone;
    expect(second.membership.isLeader).toBe(true);
  });

  it("keep what one runs that leaves, until its connections close", async () => {
    const [first, second] = await two();
    await first.membership.leave();
    const redis = new Redis(server.url);
    let beats = 0;
    redis.on("message", (_channel, beat) => void (beats += String(beat).includes(second.membership.worker) ? 1 : 0));
    await redis.subscribe(BEAT_CHANNEL);
    await eventually(() => beats > 18);
    expect(await second.membership.isGone(first.membership.worker)).toBe(false);
    first.die();
    await eventually(() => second.membership.isGone(first.membership.worker));
    redis.disconnect();
  });

  it("keep one that is silent and connected, for 3 s of beats", async () => {
    const worker = await start();
    const redis = new Redis(server.url);
    const silent = "silent-and-connected";
    const connection = new Redis(server.url);
    await connection.ssubscribe(`docrelay:bell:{${silent}}`);
    let beats = 0;
    const listener = new Redis(server.url);
    listener.on("message", () => void beats++);
    await listener.subscribe(BEAT_CHANNEL);
    await redis.publish(BEAT_CHANNEL, JSON.stringify({ worker: silent, version: 1, load: 0, capacity: 1 }));
    await eventually(async () => !(await worker.membership.isGone(silent)));
    beats = 0;
    let gone = false;
    worker.membership.on({ gone: () => void (gone = true) });
    await eventually(() => gone);
    expect(beats).toBeGreaterThanOrEqual(14);
    expect(await worker.membership.isGone(silent)).toBe(true);
    await redis.publish(BEAT_CHANNEL, JSON.stringify({ worker: silent, version: 1, load: 0, capacity: 1 }));
    await eventually(async () => !(await worker.membership.isGone(silent)));
    for (const client of [redis, connection, listener]) client.disconnect();
  });

  it("know one as gone that they never heard and that is not connected, and wait for one that is", async () => {
    const worker = await start();
    expect(await worker.membership.isGone("never-there")).toBe(true);
    const connection = new Redis(server.url);
    await connection.ssubscribe("docrelay:bell:{slow-to-beat}");
    expect(await worker.membership.isGone("slow-to-beat")).toBe(false);
    connection.disconnect();
    await eventually(() => worker.membership.isGone("slow-to-beat"));
  });

  it("take nobody for gone when Redis was away for a while", async () => {
    const [first, second] = await two();
    const gone: string[] = [];
    for (const one of [first, second]) one.membership.on({ gone: () => void gone.push(one.membership.worker) });
    await server.kill();
    await server.restart();
    const redis = new Redis(server.url);
    let beats = 0;
    redis.on("message", () => void beats++);
    await redis.subscribe(BEAT_CHANNEL);
    await eventually(() => beats > 10);
    expect(gone).toEqual([]);
    redis.disconnect();
  });
});

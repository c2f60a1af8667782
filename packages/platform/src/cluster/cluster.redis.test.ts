import {
  eventually,
  nameOfNode,
  slowNames,
  startRedis,
  startRedisCluster,
  type TestCluster,
  type TestNode,
} from "@docrelay/testkit";
import { AbstractConnector, Redis, type Cluster } from "ioredis";
import dns from "node:dns";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { connectRedis, connectSubscriber, mastersOf, pingRedis, type RedisConnectionOptions } from "../redis.ts";
import { inspectRedis } from "../redis-check.ts";
import { readRedisServer, type RedisServer } from "../redis-settings.ts";
import { ClusterSubscriber } from "./cluster-subscriber.ts";

const PASSWORD = "of all nodes";
let cluster: TestCluster;
let server: RedisServer;
const open: Array<{ disconnect(): void }> = [];
const errors: Error[] = [];
const onError = (error: Error): void => void errors.push(error);

function commands(more: Partial<RedisConnectionOptions> = {}): Cluster {
  const redis = connectRedis({ server, purpose: "command", name: "test", onError, ...more });
  open.push(redis);
  return redis as Cluster;
}
function subscriber(): ClusterSubscriber {
  const made = connectSubscriber({ server, name: "test", onError }) as ClusterSubscriber;
  open.push(made);
  return made;
}
function serverOf(settings: Record<string, string>): RedisServer {
  const read = readRedisServer({ REDIS_CLUSTER: "true", REDIS_SENTINELS: [], ...settings } as never);
  if (!read.ok) throw new Error(read.problems.join());
  return read.config;
}
const other = async (than: TestNode): Promise<TestNode> => {
  const node = (await cluster.masters()).find((one) => one !== than);
  if (!node) throw new Error("no other master");
  return node;
};
const slotOf = async (key: string): Promise<number> =>
  Number(await (await cluster.masterOf(key)).admin.cluster("KEYSLOT", key));

beforeAll(async () => {
  cluster = await startRedisCluster({ nodeTimeoutMs: 1000, password: PASSWORD });
  server = serverOf({ REDIS_URL: cluster.seeds, REDIS_PASSWORD: PASSWORD });
});
afterEach(() => {
  for (const one of open.splice(0)) one.disconnect();
  errors.length = 0;
});
afterAll(() => cluster.stop());

/** Returns two hash tags whose keys belong to different masters. */
async function twoTags(): Promise<[string, string]> {
  for (let n = 1; ; n++)
    if ((await cluster.masterOf("{t0}")) !== (await cluster.masterOf(`{t${n}}`))) return ["{t0}", `{t${n}}`];
}

interface Heard {
  readonly messages: string[];
  readonly back: string[];
}
function listen(to: ClusterSubscriber): Heard {
  const heard: Heard = { messages: [], back: [] };
  to.on("smessage", (channel: string, text: string) => heard.messages.push(`${channel} ${text}`));
  to.on("message", (channel: string, text: string) => heard.messages.push(`${channel} ${text}`));
  to.on("back", (channels: ReadonlySet<string>) => heard.back.push(...channels));
  return heard;
}
let texts = 0;
/** Publishes a new text every 200 ms until the subscriber receives one. */
async function untilHeard(redis: Cluster, heard: Heard, channel: string, timeoutMs = 15_000): Promise<void> {
  await eventually(
    async () => {
      const text = `${++texts}`;
      await redis.spublish(channel, text);
      return eventually(() => heard.messages.includes(`${channel} ${text}`), { timeoutMs: 200 });
    },
    { what: `a message on ${channel}`, timeoutMs },
  );
}

describe("commands of a cluster", () => {
  it("reach all masters with the password of the settings, by any seed", async () => {
    const dead = `127.0.0.1:1,${cluster.nodes[4]?.url}`;
    const redis = commands({ server: serverOf({ REDIS_URL: dead, REDIS_PASSWORD: PASSWORD }) });
    await Promise.all(Array.from({ length: 20 }, (_, n) => redis.set(`{${n}}`, n)));
    expect(await Promise.all(Array.from({ length: 20 }, (_, n) => redis.get(`{${n}}`)))).toContain("19");
    expect(mastersOf(redis)).toHaveLength(3);
    await pingRedis(redis);
  });

  it("end after their timeout while no node is there", async () => {
    const redis = commands({ server: serverOf({ REDIS_URL: "127.0.0.1:1" }), commandTimeoutMs: 300 });
    await expect(redis.get("a")).rejects.toThrow(/timed out/);
    await expect(pingRedis(redis)).rejects.toThrow(/timed out/);
    const impatient = commands({ server: serverOf({ REDIS_URL: "127.0.0.1:1" }), offlineQueue: false });
    await expect(impatient.get("a")).rejects.toThrow(/isn't ready/);
  });

  it("wait while their slot moves, for longer than the library's own retries", async () => {
    const redis = commands({ commandTimeoutMs: 10_000 });
    const key = "{moving}";
    await redis.set(`${key}:a`, "1");
    const moving = cluster.move([await slotOf(key)], await other(await cluster.masterOf(key)), { pauseMs: 2500 });
    await eventually(async () => /\[\d+->-/.test(String(await (await cluster.masterOf(key)).admin.cluster("NODES"))));
    // The second key does not exist, so neither node can tell that it has not moved: both reply with an error until the
    // move has ended.
    const both = redis.eval("return redis.call('INCR', KEYS[1])", 2, `${key}:a`, `${key}:none`);
    expect(await both).toBe(2);
    await moving;
  });

  it("are inspected on all masters", async () => {
    expect(await inspectRedis(commands(), 5000)).toMatchObject({ maxmemoryPolicy: "noeviction", aof: "no" });
    const [, , third] = cluster.nodes;
    await third?.admin.config("SET", "maxmemory-policy", "allkeys-lru");
    try {
      expect(await inspectRedis(commands(), 5000)).toMatchObject({ maxmemoryPolicy: "allkeys-lru" });
    } finally {
      await third?.admin.config("SET", "maxmemory-policy", "noeviction");
    }
  });

  it("are refused at once where the setting does not fit", async () => {
    await using single = await startRedis();
    const why = async (of: RedisServer): Promise<string> =>
      inspectRedis(commands({ server: of }), 20_000).then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
    const began = performance.now();
    expect(await why({ url: cluster.nodes[0]?.url, password: PASSWORD })).toMatch(/set REDIS_CLUSTER=true/);
    expect(await why(serverOf({ REDIS_URL: single.url }))).toMatch(/no cluster: leave REDIS_CLUSTER out/);
    expect(await why(serverOf({ REDIS_URL: cluster.seeds }))).toMatch(/set REDIS_PASSWORD/);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe("subscriptions in a cluster", () => {
  it("hear sharded and plain channels of every master once, also when they subscribe twice", async () => {
    const [redis, sub] = [commands(), subscriber()];
    const heard = listen(sub);
    const channels = Array.from({ length: 12 }, (_, n) => `c{${n}}`);
    await Promise.all([...channels, ...channels].map((channel) => sub.ssubscribe(channel)));
    await sub.subscribe("plain");
    await Promise.all(channels.map((channel) => redis.spublish(channel, "one")));
    await redis.publish("plain", "one");
    const all = [...channels, "plain"].map((channel) => `${channel} one`);
    await eventually(() => heard.messages.length >= all.length);
    expect(heard.messages.toSorted()).toEqual(all.toSorted());
    await sub.sunsubscribe("c{1}");
    expect(await redis.spublish("c{1}", "two")).toBe(0);
    expect(heard.back).toEqual([]);
  });

  it("are renewed when their connections are killed, and only these are told", async () => {
    const [redis, sub] = [commands(), subscriber()];
    const heard = listen(sub);
    const [one, two] = await twoTags();
    await Promise.all([sub.ssubscribe(one), sub.ssubscribe(two), sub.subscribe("plain")]);
    await (await cluster.masterOf(one)).admin.call("CLIENT", ["KILL", "TYPE", "pubsub"]);
    await eventually(() => heard.back.includes(one), { what: "the channel back" });
    await untilHeard(redis, heard, one);
    expect(heard.back).not.toContain(two);
    await eventually(async () => {
      await redis.publish("plain", "after");
      return heard.messages.includes("plain after");
    });
  });

  it("go with a slot that moves", async () => {
    const [redis, sub] = [commands(), subscriber()];
    const heard = listen(sub);
    const [one, two] = await twoTags();
    await Promise.all([sub.ssubscribe(one), sub.ssubscribe(two)]);
    await cluster.move([await slotOf(one)], await other(await cluster.masterOf(one)));
    const moved = performance.now();
    await eventually(() => heard.back.includes(one), { what: "the channel back" });
    expect(performance.now() - moved).toBeLessThan(2000);
    await untilHeard(redis, heard, one);
    expect(heard.back).toEqual([one]);
  });

  it("go to the replica that takes over, within 2 s of that", async () => {
    const [redis, sub] = [commands(), subscriber()];
    const heard = listen(sub);
    const [one, two] = await twoTags();
    await Promise.all([sub.ssubscribe(one), sub.ssubscribe(two), sub.subscribe("plain")]);
    const victim = await cluster.masterOf(one);
    await victim.kill();
    await untilHeard(redis, heard, two, 2000);
    await eventually(async () => (await cluster.masterOf(one)) !== victim, { what: "a new master" });
    const replaced = performance.now();
    await eventually(() => heard.back.includes(one), { what: "the channel back" });
    expect(performance.now() - replaced).toBeLessThan(2000);
    await untilHeard(redis, heard, one);
    expect(heard.back).not.toContain(two);
    await victim.restart();
  });

  it("find their node again when its name had the address of another one", async () => {
    const [one, two] = await twoTags();
    const [right, wrong] = [await cluster.masterOf(one), await cluster.masterOf(two)];
    let connects = 0;
    class Astray extends AbstractConnector {
      constructor() {
        super(1000);
      }
      override async connect(): Promise<Socket> {
        this.connecting = true;
        this.stream = connect(connects++ === 0 ? wrong.port : right.port, "127.0.0.1");
        return this.stream;
      }
    }
    const sub = new ClusterSubscriber({
      slots: commands(),
      connect({ host, port }) {
        const astray = port === right.port && { Connector: Astray };
        const redis = new Redis({ host, port, password: PASSWORD, autoResubscribe: false, ...astray });
        redis.on("error", onError);
        return redis;
      },
    });
    open.push(sub);
    await sub.ssubscribe(one);
    expect(connects).toBe(2);
    await untilHeard(commands(), listen(sub), one);
  });

  it("are refused where the user may not", async () => {
    for (const { admin } of cluster.nodes)
      await admin.call("ACL", ["SETUSER", "few", "on", ">few", "~*", "&c:*", "+@all"]);
    const few = serverOf({ REDIS_URL: cluster.seeds, REDIS_USERNAME: "few", REDIS_PASSWORD: "few" });
    const sub = connectSubscriber({ server: few, name: "test", onError });
    open.push(sub);
    await sub.ssubscribe("c:1");
    await expect(sub.ssubscribe("d:1")).rejects.toThrow(/^NOPERM/);
  });
});

describe("nodes that are known by their names", () => {
  const stopped = new Set<string>();
  beforeAll(async () => {
    vi.spyOn(dns, "lookup").mockImplementation(slowNames((name) => stopped.has(name)) as typeof dns.lookup);
    await cluster.nameNodes();
  });
  afterAll(() => vi.restoreAllMocks());

  it("are left for the replica of a stopped one within 2 s, however long its name is searched for", async () => {
    const clients = Array.from({ length: 4 }, () => {
      const sub = subscriber();
      return { redis: commands({ commandTimeoutMs: 60_000 }), sub, heard: listen(sub) };
    });
    const [one] = await twoTags();
    await Promise.all(clients.map(({ redis, sub }) => Promise.all([redis.set(one, "1"), sub.ssubscribe(one)])));
    const victim = await cluster.masterOf(one);
    stopped.add(nameOfNode(cluster.nodes.indexOf(victim)));
    await victim.kill();
    // The clients retry these writes until the replica has taken over and accepts them.
    const writes = clients.map(({ redis }, n) => redis.set(`${one}:${n}`, "1"));
    await eventually(async () => (await cluster.masterOf(one)) !== victim, { what: "a new master" });
    const replaced = performance.now();
    await Promise.all(writes);
    await eventually(() => clients.every(({ heard }) => heard.back.includes(one)), { what: "the channels back" });
    expect(performance.now() - replaced).toBeLessThan(2000);
  });
});

import { Redis } from "ioredis";
import { eventually } from "../eventually.ts";
import { freePort } from "../process/free-port.ts";
import { moveSlot, settleSlot } from "./move-slot.ts";
import { startRedisServer } from "./redis-server.ts";
import type { TestRedis } from "./test-redis.ts";

const SLOTS = 16_384;

export interface ClusterOptions {
  readonly masters?: number;
  /** How many replicas each master has. */
  readonly replicas?: number;
  /** A master that has been silent for this many ms is replaced by one of its replicas. */
  readonly nodeTimeoutMs?: number;
  /** The password of the default user on all nodes. */
  readonly password?: string;
  /** More options of redis-server. */
  readonly args?: readonly string[];
}

/** A node, and a connection to it for queries and commands. */
export interface TestNode extends TestRedis {
  readonly id: string;
  readonly admin: Redis;
}

/** A Redis Cluster for one test. */
export interface TestCluster extends AsyncDisposable {
  /** The addresses of all nodes, as a value for `REDIS_URL`. */
  readonly seeds: string;
  /** All nodes. The first ones were the masters when the cluster started. */
  readonly nodes: readonly TestNode[];
  /** The node that has a key now, as a live node reports it. */
  masterOf(key: string): Promise<TestNode>;
  /** The nodes that are masters with slots now. */
  masters(): Promise<TestNode[]>;
  /**
   * Moves slots to a node, one after the other, as `redis-cli --cluster reshard` does. `pauseMs`: for how many ms each
   * slot stays half moved. Returns how many slots the node did not have before. @throws Error if no node has a slot
   */
  move(slots: readonly number[], to: TestNode, options?: { readonly pauseMs?: number }): Promise<number>;
  /**
   * Announces nodes by names, `node-0.test` and so on, in place of addresses. Resolves when all nodes know these names.
   */
  nameNodes(): Promise<void>;
  /** Removes all keys. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a cluster of local `redis-server` processes, by default three masters with one replica each. Takes about 5 s.
 * The processes end when this process ends, even by SIGKILL.
 */
export async function startRedisCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const { masters = 3, replicas = 1, nodeTimeoutMs = 2000 } = options;
  const started = await Promise.allSettled(
    Array.from({ length: masters * (1 + replicas) }, () => startNode(nodeTimeoutMs, options)),
  );
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async (): Promise<void> => {
    for (const { admin } of nodes) admin.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (const one of started) if (one.status === "rejected") throw one.reason;
    await join(nodes, masters);
  } catch (error) {
    await stop();
    throw error;
  }

  const alive = async (): Promise<TestNode> => {
    const tries = nodes.map((node) => node.admin.ping().then(() => node));
    return Promise.any(tries);
  };
  const owners = async (of?: TestNode): Promise<Array<{ from: number; to: number; node: TestNode | undefined }>> => {
    const ranges = await (of ?? (await alive())).admin.cluster("SLOTS");
    return ranges.map(([from, to, master]) => ({ from, to, node: nodes.find(({ id }) => id === master?.[2]) }));
  };
  /** The node that counts a slot as its own: other nodes may not know yet to which node the slot was moved last. */
  const claimant = async (slot: number): Promise<TestNode | undefined> => {
    const claims = nodes.map(async (node) => {
      const range = (await owners(node)).find(({ from, to }) => from <= slot && slot <= to);
      return range?.node === node ? [node] : [];
    });
    const found = await Promise.allSettled(claims);
    return found.flatMap((one) => (one.status === "fulfilled" ? one.value : []))[0];
  };
  const cluster: TestCluster = {
    seeds: nodes.map(({ url }) => url).join(","),
    nodes,
    stop,
    [Symbol.asyncDispose]: stop,
    async masterOf(key) {
      const slot = Number(await (await alive()).admin.cluster("KEYSLOT", key));
      const node = (await owners()).find(({ from, to }) => from <= slot && slot <= to)?.node;
      if (!node) throw new Error(`no node serves slot ${slot}`);
      return node;
    },
    async masters() {
      return [...new Set((await owners()).flatMap(({ node }) => (node ? [node] : [])))];
    },
    async move(slots, to, { pauseMs = 0 } = {}) {
      let moved = 0;
      for (const slot of slots) {
        const from = await claimant(slot);
        if (!from) throw new Error(`no node claims slot ${slot}`);
        const others = (await cluster.masters()).filter((node) => node !== from && node !== to);
        if (from === to) continue;
        await moveSlot(slot, { from, to, others, pauseMs });
        await settleSlot(slot, to, async () => (await claimant(slot)) === to);
        moved++;
      }
      return moved;
    },
    nameNodes: () => nameAll(nodes),
    async empty() {
      await Promise.all((await cluster.masters()).map(({ admin }) => admin.flushall()));
    },
  };
  return cluster;
}

async function startNode(
  nodeTimeoutMs: number,
  { password, args = [] }: ClusterOptions,
): Promise<TestNode & { busPort: number }> {
  // The bus port is chosen, too, because the system may have assigned the default one (10,000 above the port) to
  // another process.
  const busPort = await freePort();
  const own = [
    ...["--save", "", "--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0"],
    ...["--hash-max-listpack-value", "4096", "--stream-node-max-bytes", "1536"],
    ...["--cluster-enabled", "yes", "--cluster-node-timeout", String(nodeTimeoutMs)],
    ...["--cluster-port", String(busPort), "--cluster-replica-validity-factor", "0", ...args],
    ...(password === undefined ? [] : ["--requirepass", password, "--masterauth", password]),
  ];
  const server = await startRedisServer(own);
  const admin = new Redis(server.url, {
    maxRetriesPerRequest: 0,
    retryStrategy: () => 100,
    ...(password !== undefined && { password }),
  });
  admin.on("error", () => undefined);
  return { ...server, busPort, admin, id: String(await admin.cluster("MYID")) };
}

async function join(nodes: ReadonlyArray<TestNode & { busPort: number }>, masters: number): Promise<void> {
  const leaders = nodes.slice(0, masters);
  const bound = (index: number): number => Math.floor((index * SLOTS) / masters);
  await Promise.all(
    nodes.map(async ({ admin }, index) => {
      await admin.cluster("SET-CONFIG-EPOCH", index + 1);
      if (index < masters) await admin.cluster("ADDSLOTSRANGE", bound(index), bound(index + 1) - 1);
    }),
  );
  const [first, ...others] = nodes;
  for (const { port, busPort } of others) await first?.admin.cluster("MEET", "127.0.0.1", port, busPort);
  await eventually(
    async () => {
      const views = await Promise.all(nodes.map(({ admin }) => admin.cluster("NODES")));
      return views.every(
        (view) => !/handshake/.test(String(view)) && String(view).trim().split("\n").length === nodes.length,
      );
    },
    { what: "all nodes knowing each other" },
  );
  for (const [index, { admin }] of nodes.slice(masters).entries())
    await admin.cluster("REPLICATE", leaders[index % masters]?.id ?? "");
  await eventually(
    async () => {
      const infos = await Promise.all(nodes.map(({ admin }) => admin.cluster("INFO")));
      const links = await Promise.all(nodes.slice(masters).map(({ admin }) => admin.info("replication")));
      const seen = await Promise.all(nodes.map(({ admin }) => admin.cluster("SLOTS")));
      return (
        infos.every((info) => String(info).includes("cluster_state:ok")) &&
        links.every((info) => info.includes("master_link_status:up")) &&
        // Each range of slots must list its master and all its replicas.
        seen.every((ranges) => ranges.every((range) => (range as unknown[]).length === 2 + nodes.length / masters))
      );
    },
    { what: "a cluster that is whole" },
  );
}

/** The name by which {@link TestCluster.nameNodes} announces a node. */
export function nameOfNode(index: number): string {
  return `node-${index}.test`;
}

async function nameAll(nodes: readonly TestNode[]): Promise<void> {
  for (const [index, { admin }] of nodes.entries()) {
    await admin.config("SET", "cluster-announce-hostname", nameOfNode(index));
    await admin.config("SET", "cluster-preferred-endpoint-type", "hostname");
  }
  const isKnown = async ({ admin }: TestNode): Promise<boolean> => {
    const ranges = (await admin.cluster("SLOTS")) as unknown as Array<[number, number, ...Array<[host: string]>]>;
    return ranges.every(([, , ...all]) => all.every(([host]) => host.endsWith(".test")));
  };
  await eventually(async () => (await Promise.all(nodes.map(isKnown))).every(Boolean), { what: "known names" });
}

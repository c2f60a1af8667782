import { expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { startRedisCluster } from "./redis-cluster.ts";

it("a cluster serves all slots, moves one with its keys, and replaces a master that is killed", async () => {
  await using cluster = await startRedisCluster({ masters: 3, replicas: 1, nodeTimeoutMs: 1000 });
  expect(await cluster.masters()).toHaveLength(3);
  const from = await cluster.masterOf("{a}");
  const to = cluster.nodes.slice(0, 3).find((node) => node !== from);
  if (!to) throw new Error("no other master");
  await from.admin.mset("{a}:1", "one", "{a}:2", "two");
  await cluster.move([Number(await from.admin.cluster("KEYSLOT", "{a}"))], to);
  expect(await to.admin.mget("{a}:1", "{a}:2")).toEqual(["one", "two"]);
  await eventually(async () => (await cluster.masterOf("{a}")) === to, { what: "every node's knowing it" });

  await to.admin.wait(1, 1000);
  await to.kill();
  const heir = await eventually(
    async () => {
      const now = await cluster.masterOf("{a}");
      return now === to ? undefined : now;
    },
    { what: "a new master" },
  );
  expect(await heir.admin.get("{a}:1")).toBe("one");
});

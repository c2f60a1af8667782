import { eventually, freePort } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { useEdges } from "../test/fixture.ts";

const relay = useEdges();

it("an edge that fails late in its start closes what it has opened", async () => {
  const connections = async (): Promise<number> =>
    ((await relay.store.redis.client("LIST")) as string).trim().split("\n").length;
  const before = await connections();
  const admin = await freePort();
  const taken = { PORT: String(relay.edges[0]?.port), ADMIN_PORT: String(admin) };
  await expect(relay.start(taken)).rejects.toThrow("EADDRINUSE");
  await eventually(async () => (await connections()) === before, { what: "no connection to Redis" });
  await expect(fetch(`http://127.0.0.1:${admin}/healthz`)).rejects.toThrow("fetch failed");
});

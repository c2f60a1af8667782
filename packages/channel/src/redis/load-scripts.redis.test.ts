import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { loadScripts } from "../index.ts";

const channel = useChannel();

describe("scripts", () => {
  it("are loaded at each connect, also to a Redis whose script cache is empty", async () => {
    const cached = async (): Promise<number> => {
      const info = await channel.store.redis.info("memory");
      return Number(/number_of_cached_scripts:(\d+)/.exec(info)?.[1]);
    };
    await channel.store.redis.script("FLUSH");
    expect(await cached()).toBe(0);
    const client = channel.connect();
    loadScripts(client);
    await eventually(async () => (await cached()) > 0);
    // The commands that load scripts were sent earlier on this connection, so all scripts are loaded when Redis replies
    // to this PING.
    await client.ping();
    const all = await cached();
    await channel.store.redis.script("FLUSH");
    client.disconnect(true);
    await eventually(async () => (await cached()) === all);
  });
});

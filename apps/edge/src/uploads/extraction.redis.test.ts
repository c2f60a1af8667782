import { createBlobStore, newRef, userAddress } from "@docrelay/channel";
import { createProducer, type Producer } from "@docrelay/jobs";
import { expect, it } from "vitest";
import { useEdges, USER } from "../../test/fixture.ts";
import { orderText } from "./extraction.ts";

const relay = useEdges({ count: 0 });

it("a file is queued although the queue does not answer what became of an older one", async () => {
  const { redis } = relay.store;
  await using real = createProducer({ connection: redis });
  let tries = 0;
  const state: Producer["state"] = () => {
    tries++;
    return Promise.reject(new Error("timeout"));
  };
  const producer: Producer = { ...real, state };
  const { shard, u } = userAddress(USER);
  const older = "o".repeat(32);
  await redis.zadd(`{${shard}}:${u}:extracting`, Date.now() - 60_000, older);
  const blobs = createBlobStore("redis", relay.store);
  const deps = { store: relay.store, blobs, producer, quotas: { chargedFor: () => [] } };
  const text = "n".repeat(32);
  await orderText(deps, USER, { text, ref: newRef(), sha256: "0".repeat(64), size: 9 }, "trace");
  expect(await real.state(text)).toBe("waiting");
  expect(tries).toBe(1);
});

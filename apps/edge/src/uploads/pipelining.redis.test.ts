import { eventually, makePdf, startProxy } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { useEdges, type Answer, type Client } from "../../test/fixture.ts";

const CHUNK = 4096;
const relay = useEdges({ count: 0, env: { CHUNK_BYTES: String(CHUNK) } });

const plain = Buffer.from(makePdf({ pages: ["Some words"] }));
const bytes = Buffer.concat([plain, Buffer.alloc(3 * CHUNK + 100 - plain.length, " ")]);
const start = (client: Client): Promise<Answer> =>
  client.send("upload:start", { upload: "u", name: "a.pdf", type: "application/pdf", size: bytes.length });
const chunk = (client: Client, n: number, from = n * CHUNK): Promise<Answer> =>
  client.send("upload:chunk", { upload: "u", offset: from, bytes: bytes.subarray(from, (n + 1) * CHUNK) });

describe("chunks of an upload", () => {
  it("go to Redis without waiting for each other, and are acknowledged when they are stored", async () => {
    await using proxy = await startProxy({ port: Number(new URL(relay.server.url).port) });
    const edge = await relay.start({
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
      EDGE_REDIS_TIMEOUT_MS: "20000",
    });
    try {
      const client = await relay.client(edge);
      await start(client);
      const { redis } = relay.store;
      proxy.blackhole("down");
      const answers = [0, 1, 2].map((n) => chunk(client, n));
      const acknowledged: number[] = [];
      for (const [n, answer] of answers.entries()) void answer.then(() => acknowledged.push(n));
      const offset = async (): Promise<string | null> => redis.hget((await redis.keys("*:up:*"))[0] ?? "", "offset");
      await eventually(async () => (await offset()) === String(3 * CHUNK), { what: "all three chunks being counted" });
      expect(acknowledged).toEqual([]);
      proxy.heal();
      expect((await Promise.all(answers)).map((answer) => answer.offset)).toEqual([CHUNK, 2 * CHUNK, 3 * CHUNK]);
      expect(await chunk(client, 3)).toMatchObject({ ok: true, done: true });
      expect(await client.ask("one", { files: [{ upload: "u" }] })).toMatchObject({ ok: true });
    } finally {
      proxy.heal();
      await edge.stop();
    }
  });

  it("that come through two edges in turn, each of which knows an older state, make one whole file", async () => {
    const edges = [await relay.start(), await relay.start()];
    try {
      const clients = await Promise.all(edges.map((edge) => relay.client(edge)));
      const [one, two] = clients as [Client, Client];
      await start(one);
      expect(await start(two)).toMatchObject({ offset: 0 });
      for (const [client, n] of [
        [one, 0],
        [two, 0],
        [two, 1],
        [one, 1],
        [one, 2],
      ] as const)
        expect(await chunk(client, n)).toMatchObject({ ok: true, offset: (n + 1) * CHUNK });
      expect(await chunk(two, 3)).toMatchObject({ ok: true, done: true });
      expect(await chunk(one, 3)).toMatchObject({ ok: true, done: true });
      expect(await one.ask("one", { files: [{ upload: "u" }] })).toMatchObject({ ok: true });
    } finally {
      for (const edge of edges) await edge.stop();
    }
  });

  it("sent by an edge that does not know the upload's end do not change its bytes", async () => {
    const edges = [await relay.start(), await relay.start()];
    try {
      const clients = await Promise.all(edges.map((edge) => relay.client(edge)));
      const [one, two] = clients as [Client, Client];
      await start(one);
      await chunk(one, 0);
      await start(two);
      for (const n of [1, 2, 3]) await chunk(one, n);
      const before = [...(await relay.dump())].filter(([key]) => key.startsWith("blob:"));
      const other = { upload: "u", offset: CHUNK, bytes: Buffer.alloc(CHUNK, "x") };
      expect(await two.send("upload:chunk", other)).toMatchObject({ ok: true, offset: bytes.length, done: true });
      expect([...(await relay.dump())].filter(([key]) => key.startsWith("blob:"))).toEqual(before);
    } finally {
      for (const edge of edges) await edge.stop();
    }
  });
});

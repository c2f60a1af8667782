import { connect, memoryStorage, type Event } from "@docrelay/client";
import { connectRedis } from "@docrelay/platform";
import { makePdf, spawnNode, watchCommands } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { ENTRIES } from "../src/process.ts";
import { useCluster } from "./cluster.ts";

const DATA_KEY = "a key of this test that has more than thirty-two bytes";
const cluster = useCluster({ edges: 1, env: { DATA_KEY } });
const CANARIES = ["canaryquestion", "canarydocument", "canaryname", "canaryanswerword"];

/**
 * Returns all that somebody with Redis's disk could read: the names and dumps of all keys, and the append-only file.
 */
async function leftBehind(redis: ReturnType<typeof connectRedis>): Promise<string> {
  const keys = await redis.keys("*");
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  const log = await cluster.redis.readLog();
  expect(dumps.length).toBeGreaterThan(8);
  expect(log.length).toBeGreaterThan(4000);
  return [...keys, ...dumps.map((dump) => dump?.toString("latin1")), log].join("\n");
}

it("an ask with a PDF leaves no word of it in Redis when DATA_KEY is set", async () => {
  const redis = connectRedis({
    server: { url: cluster.redis.url },
    purpose: "command",
    name: "test",
    onError: () => undefined,
  });
  using watched = await watchCommands(redis.options);
  const session = await fetch(`${cluster.url()}/v1/session`, { method: "POST" });
  const { token } = (await session.json()) as { token: string };
  const relay = connect({ url: cluster.url(), storage: memoryStorage(), token });
  const conversation = relay.conversation();
  const shown: Event[] = [];
  conversation.subscribe({ event: (event) => shown.push(event) });

  const document = { name: "canaryname.pdf", bytes: makePdf({ pages: ["The canarydocument says canaryanswerword."] }) };
  const answer = conversation.ask("canaryquestion: what is inside this pdf?", { files: [document] });
  expect(await answer.text()).toContain("canaryanswerword");
  const second = conversation.ask("canaryquestion two", { files: [document] });
  expect(await second.text()).not.toBe("");

  // No event is missing, whether it came live or from the log.
  expect(shown.map(({ seq }) => seq)).toEqual(shown.map((_, index) => index + 1));
  const listed = await fetch(`${cluster.url()}/v1/conversations`, { headers: { authorization: `Bearer ${token}` } });
  expect(await listed.json()).toMatchObject({
    conversations: [{ title: "canaryquestion: what is inside this pdf?", files: ["canaryname.pdf"], asks: 2 }],
  });

  const all = `${await leftBehind(redis)}\n${watched.lines.join("\n")}`.toLowerCase();
  for (const canary of CANARIES) expect(all.includes(canary), canary).toBe(false);
  expect(all).toContain("docrelay:sealed:");
  relay.close();
  redis.disconnect();
});

it("a worker without the key does not start, and says what is missing", async () => {
  const worker = spawnNode(ENTRIES.worker, { env: { REDIS_URL: cluster.redis.url, ENGINE_URL: "ws://127.0.0.1:9" } });
  expect(await worker.exited).toMatchObject({ code: 78 });
  expect(worker.lines.join("\n")).toContain("DATA_KEY");
});

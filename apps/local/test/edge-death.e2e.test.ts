import { connect, memoryStorage, type Event } from "@docrelay/client";
import { eventually, makePdf, startBalancer } from "@docrelay/testkit";
import { expect, it } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster({ edges: 2, engineDelayMs: 30 });
const FACTS = ["The lighthouse was painted green in 1931.", "Its keeper had two cats.", "The lamp burned rape oil."];
const document = { name: "lighthouse.pdf", bytes: makePdf({ pages: FACTS }) };

it("kill -9 of the edge mid-answer: the client goes on at another one and shows the whole text once", async () => {
  await using balancer = await startBalancer(() => cluster.edges.map(({ port }) => port));
  const relay = connect({ url: balancer.url, storage: memoryStorage() });
  const conversation = relay.conversation();
  const shown: Event[] = [];
  conversation.subscribe({ event: (event) => shown.push(event), reset: () => expect.unreachable("nothing was lost") });

  const answer = conversation.ask("what is inside this pdf?", { files: [document] });
  await eventually(() => shown.filter(({ type }) => type === "delta").length > 2);
  const dying = cluster.edges.find(({ port }) => port === balancer.newest);
  dying?.process.kill("SIGKILL");
  await dying?.process.exited;
  expect(shown.at(-1)?.type).toBe("delta");
  const killedAt = shown.length;

  const text = await answer.text();
  for (const fact of FACTS) expect(text.split(fact)).toHaveLength(2);
  expect(shown.map(({ seq }) => seq)).toEqual(shown.map((_, index) => index + 1));
  expect(shown.length).toBeGreaterThan(killedAt + 1);
  expect(shown.map((event) => (event.type === "delta" ? event.text : "")).join("")).toBe(text);
  // The ask has only one engine call, because the death of an edge does not concern its worker.
  expect(shown.filter(({ type }) => type === "started")).toHaveLength(1);
  expect(balancer.newest).not.toBe(dying?.port);

  // From here on, the test ends an edge by SIGTERM, so that the edge drains, instead of killing it.
  await cluster.startEdge();
  const next = conversation.ask("who had cats?", { files: [document] });
  await eventually(() => shown.at(-1)?.type === "delta");
  const draining = cluster.edges.find(({ port }) => port === balancer.newest);
  draining?.process.kill("SIGTERM");
  expect(await next.text()).toContain("Its keeper had two cats.");
  expect(await draining?.process.exited).toMatchObject({ code: 0 });
  await eventually(() => relay.state === "online");
  expect(shown.map(({ seq }) => seq)).toEqual(shown.map((_, index) => index + 1));
  relay.close();
});

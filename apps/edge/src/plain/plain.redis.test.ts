import { eventually, makePdf } from "@docrelay/testkit";
import { once } from "node:events";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { useEdges } from "../../test/fixture.ts";

const relay = useEdges();

it.each(["/ws/chat", "/ws/chat/"])("an old front end asks about a PDF at %s of a real edge", async (path) => {
  const user = `old${path.length}`;
  const token = await relay.token(user);
  const [edge] = relay.edges;
  const ws = new WebSocket(`ws://127.0.0.1:${edge?.port}${path}`, ["docrelay.v1", `bearer.${token}`]);
  const frames: unknown[] = [];
  ws.on("message", (data) => frames.push(JSON.parse((data as Buffer).toString())));
  await once(ws, "open");
  const content = Buffer.from(makePdf({ pages: ["hello"] })).toString("base64");
  const file = { name: "a.pdf", type: "application/pdf", content };
  ws.send(JSON.stringify({ message: "what?", type: "chat", unique_id: "me", file }));
  // The edge makes the id of the conversation and does not send it, so the test looks for the ask in Redis.
  const record = await eventually(async () =>
    [...(await relay.dump()).values()]
      .filter((value) => value.startsWith("{"))
      .map((value) => JSON.parse(value) as { conversation?: string; body?: string })
      .find(({ conversation }) => conversation !== undefined),
  );
  expect(JSON.parse(record.body ?? "")).toMatchObject({ message: "what?", uniqueId: "me", files: [{ name: "a.pdf" }] });
  await relay.answer(record.conversation ?? "", ["hel", "lo"], user);
  await eventually(() => frames.length === 1);
  expect(frames).toEqual([{ message: "hello", type: "chat", unique_id: "me" }]);

  const notes = { name: "notes.txt", type: "text/plain", content: Buffer.from("no pdf").toString("base64") };
  ws.send(JSON.stringify({ message: "x", file: notes }));
  await eventually(() => frames.length === 2);
  expect(frames[1]).toMatchObject({ type: "error", code: "FILE_TYPE_UNSUPPORTED" });
  ws.terminate();
});

it("is drained with the edge", async () => {
  const edge = await relay.start();
  const ws = new WebSocket(`ws://127.0.0.1:${edge.port}/ws/chat`);
  const closed = once(ws, "close");
  await once(ws, "open");
  expect(await edge.stop()).toEqual([]);
  expect((await closed)[0]).toBe(1012);
});

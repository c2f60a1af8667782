import { eventually, makePdf } from "@docrelay/testkit";
import OpenAI from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { expect, it } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster({ edges: 2, engineDelayMs: 12 });
const FACTS = ["The lighthouse was painted green in 1931.", "Its keeper had two cats.", "The lamp burned rape oil."];
const bytes = makePdf({ pages: FACTS });
const data = `data:application/pdf;base64,${Buffer.from(bytes).toString("base64")}`;
const question = "what is inside this pdf?";

let token = "";
async function openai(edge = 0): Promise<OpenAI> {
  if (token === "") {
    const session = await fetch(`${cluster.url(edge)}/v1/session`, { method: "POST" });
    ({ token } = (await session.json()) as { token: string });
  }
  return new OpenAI({ baseURL: `${cluster.url(edge)}/v1`, apiKey: token, maxRetries: 0 });
}
function hasFacts(text: string): void {
  for (const fact of FACTS) expect(text.split(fact)).toHaveLength(2);
}

it("a PDF by its id and as base64 is read for responses and chats", async () => {
  const client = await openai();
  const file = await client.files.create({ file: new File([bytes], "lighthouse.pdf"), purpose: "user_data" });
  expect(file).toMatchObject({ object: "file", filename: "lighthouse.pdf", bytes: bytes.length, status: "processed" });
  const byId = { type: "input_file", file_id: file.id } as const;
  const asData = { type: "input_file", filename: "lighthouse.pdf", file_data: data } as const;
  for (const part of [byId, asData]) {
    const content = [part, { type: "input_text", text: question } as const];
    const response = await client.responses.create({ model: "any", input: [{ role: "user", content }] });
    expect(response.status).toBe("completed");
    hasFacts(response.output_text);
    expect(response).toMatchObject({ docrelay: { files: [{ name: "lighthouse.pdf" }] } });
  }
  for (const named of [{ file_id: file.id }, { filename: "lighthouse.pdf", file_data: data }]) {
    const content = [{ type: "file", file: named } as const, { type: "text", text: question } as const];
    const chat = await client.chat.completions.create({ model: "any", messages: [{ role: "user", content }] });
    hasFacts(chat.choices[0]?.message.content ?? "");
  }
});

it("kill -9 of the edge in mid-stream: the client of OpenAI goes on at another one, each event once", async () => {
  const client = await openai();
  const content = [
    { type: "input_file", filename: "lighthouse.pdf", file_data: data } as const,
    { type: "input_text", text: question } as const,
  ];
  const events: ResponseStreamEvent[] = [];
  const stream = await client.responses.create({
    model: "any",
    input: [{ role: "user", content }],
    background: true,
    stream: true,
  });
  const broken = (async () => {
    for await (const event of stream) events.push(event);
  })().catch(() => undefined);
  const texts = (): string[] =>
    events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
  await eventually(() => texts().length > 2);
  cluster.edges[0]?.process.kill("SIGKILL");
  await broken;
  const before = events.length;
  expect(events.at(-1)?.type).toBe("response.output_text.delta");

  const created = events[0];
  const id = created?.type === "response.created" ? created.response.id : "";
  const other = await openai(1);
  const starting_after = events.at(-1)?.sequence_number ?? 0;
  for await (const event of await other.responses.retrieve(id, { stream: true, starting_after })) events.push(event);
  expect(events.length).toBeGreaterThan(before + 1);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  expect(events.at(-1)?.type).toBe("response.completed");
  hasFacts(texts().join(""));
  expect((await other.responses.retrieve(id)).output_text).toBe(texts().join(""));
});

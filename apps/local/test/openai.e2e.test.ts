import { eventually, makePdf } from "@docrelay/testkit";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import OpenAI from "openai";
import OpenAI5 from "openai-5";
import OpenAI6 from "openai-6";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { describe, expect, it } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster({ edges: 1, engineDelayMs: 12 });
const FACTS = ["The lighthouse was painted green in 1931.", "Its keeper had two cats.", "The lamp burned rape oil."];
const bytes = makePdf({ pages: FACTS });
const data = `data:application/pdf;base64,${Buffer.from(bytes).toString("base64")}`;
const question = "what is inside this pdf?";

let token = "";
async function openai(edge = 0, Package = OpenAI): Promise<OpenAI> {
  if (token === "") {
    const session = await fetch(`${cluster.url(edge)}/v1/session`, { method: "POST" });
    ({ token } = (await session.json()) as { token: string });
  }
  return new Package({ baseURL: `${cluster.url(edge)}/v1`, apiKey: token, maxRetries: 0 });
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

/** A client that uses only Python's standard library, not the library of OpenAI. */
const PYTHON = `
import http.client, json, sys
host, token, data = sys.argv[1], sys.argv[2], sys.argv[3]
content = [{"type": "text", "text": "what is inside this pdf?"},
           {"type": "file", "file": {"filename": "a.pdf", "file_data": data}}]
body = json.dumps({"model": "any", "stream": True, "messages": [{"role": "user", "content": content}]})
connection = http.client.HTTPConnection(host)
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
connection.request("POST", "/v1/chat/completions", body, headers)
response = connection.getresponse()
for line in response:
    line = line.decode().rstrip("\\n")
    if line == "data: [DONE]":
        print("\\ndone", response.status)
    elif line.startswith("data: "):
        for choice in json.loads(line[6:])["choices"]:
            print(choice["delta"].get("content", ""), end="")
`;

it("a script in Python reads the stream line by line", async (context) => {
  const run = promisify(execFile);
  const hasPython = await run("python3", ["--version"]).then(
    () => true,
    () => false,
  );
  if (!hasPython) context.skip("there is no python3");
  await openai();
  const { stdout } = await run("python3", ["-c", PYTHON, new URL(cluster.url()).host, token, data]);
  hasFacts(stdout);
  expect(stdout).toMatch(/\ndone 200\n$/);
});

// Versions of the package `openai`. The functions that the tests use are the same in both; only their types differ.
const VERSIONS: readonly (readonly [string, typeof OpenAI])[] = [
  ["5", OpenAI5 as unknown as typeof OpenAI],
  ["6", OpenAI6 as unknown as typeof OpenAI],
  ["7", OpenAI],
];
describe.each(VERSIONS)("the package openai %s", (_, Package) => {
  const file = { filename: "lighthouse.pdf", file_data: data };
  const chatWith = (named: { filename: string; file_data: string }) => ({
    model: "any",
    messages: [{ role: "user" as const, content: [{ type: "file", file: named } as const, text] }],
  });
  const text = { type: "text", text: question } as const;
  const input = [
    {
      role: "user" as const,
      content: [{ type: "input_file", ...file } as const, { type: "input_text", text: question } as const],
    },
  ];

  it("asks about a PDF, whole and by its own helper for streams", async () => {
    const client = await openai(0, Package);
    const whole = await client.chat.completions.create(chatWith(file));
    hasFacts(whole.choices[0]?.message.content ?? "");
    expect(whole.usage?.total_tokens).toBeGreaterThan(50);

    const stream = client.chat.completions.stream({ ...chatWith(file), stream_options: { include_usage: true } });
    let pieces = 0;
    stream.on("content", () => pieces++);
    hasFacts((await stream.finalContent()) ?? "");
    expect(pieces).toBeGreaterThan(3);
    expect(await stream.finalChatCompletion()).toMatchObject({ choices: [{ finish_reason: "stop" }] });
    expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(50);

    const response = await client.responses.stream({ model: "any", input }).finalResponse();
    expect(response.status).toBe("completed");
    // Not every version has `output_text` in the response of the stream helper, so the test joins the text itself.
    const parts = response.output.flatMap((item) => (item.type === "message" ? item.content : []));
    hasFacts(parts.map((part) => (part.type === "output_text" ? part.text : "")).join(""));
  });

  it("cancels in mid-answer, lists models, and throws an error by its code, without a retry", async () => {
    const client = await openai(0, Package);
    const running = await client.responses.create({ model: "any", input, background: true, stream: true });
    let [id, cancelled] = ["", ""];
    const seen: string[] = [];
    for await (const event of running) {
      seen.push(event.type);
      if (event.type === "response.created") ({ id } = event.response);
      if (event.type === "response.output_text.delta" && cancelled === "")
        cancelled = (await client.responses.cancel(id)).status ?? "";
    }
    expect(cancelled).toBe("cancelled");
    expect(seen).not.toContain("response.completed");
    expect((await client.responses.retrieve(id)).status).toBe("cancelled");
    expect((await client.models.list()).data.map((model) => model.id)).toEqual(["docrelay"]);

    const noPdf = { ...file, file_data: Buffer.from("no PDF").toString("base64") };
    const error: unknown = await client.chat.completions.create(chatWith(noPdf)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ status: 415, code: "FILE_TYPE_UNSUPPORTED" });
    expect(error).toBeInstanceOf(Package.APIError);
  });

  it("goes on at another edge after a kill -9 of its own in mid-stream, each event once", async () => {
    const doomed = await cluster.startEdge();
    const client = await openai(cluster.edges.indexOf(doomed), Package);
    const events: ResponseStreamEvent[] = [];
    const stream = await client.responses.create({ model: "any", input, background: true, stream: true });
    const broken = (async () => {
      for await (const event of stream) events.push(event);
    })().then(
      () => "an end",
      () => "an error",
    );
    const texts = (): string[] =>
      events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
    await eventually(() => texts().length > 2);
    doomed.process.kill("SIGKILL");
    expect(await broken).toBe("an error");
    const before = events.length;
    expect(events.at(-1)?.type).toBe("response.output_text.delta");

    const created = events[0];
    const id = created?.type === "response.created" ? created.response.id : "";
    const other = await openai(0, Package);
    const starting_after = events.at(-1)?.sequence_number ?? 0;
    for await (const event of await other.responses.retrieve(id, { stream: true, starting_after })) events.push(event);
    expect(events.length).toBeGreaterThan(before + 1);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
    expect(events.at(-1)?.type).toBe("response.completed");
    hasFacts(texts().join(""));
    expect((await other.responses.retrieve(id)).output_text).toBe(texts().join(""));
  });
});

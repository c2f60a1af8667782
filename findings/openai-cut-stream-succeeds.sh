#!/usr/bin/env bash
# A chat completion whose stream ends in mid-answer, without finish_reason and [DONE], ends without an error.
source "$(dirname "$0")/lib/common.sh"
npm_packages openai@7.59.0
run_node <<'JS'
import { createServer } from "node:http";
import OpenAI from "openai";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "`for await` over a stream that was cut short throws, as the same library's stream() helper does",
  happens: "the loop just ends, the half answer looks whole; only stream() throws",
});
const chunk = (content) => ({
  id: "1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});
const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "text/event-stream");
  response.end(`data: ${JSON.stringify(chunk("Half of the"))}\n\n`);
}).listen(0);
await new Promise((resolve) => server.once("listening", resolve));
const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/v1` });
const ask = { model: "m", messages: [{ role: "user", content: "Hello" }] };

async function loop() {
  let text = "";
  for await (const part of await client.chat.completions.create({ ...ask, stream: true })) text += part.choices[0].delta.content;
  return { ended: "normally", text };
}
usual(
  "stream().finalContent()",
  await client.chat.completions.stream(ask).finalContent().catch((error) => error.message),
  "missing finish_reason for choice 0",
);
surprise("create({ stream: true })", {
  actual: await loop().catch((error) => ({ ended: error.message })),
  recorded: { ended: "normally", text: "Half of the" },
  expected: { ended: "missing finish_reason for choice 0" },
});
done();
JS

#!/usr/bin/env bash
# An error in a responses stream throws only when an `event: error` line stands before it.
source "$(dirname "$0")/lib/common.sh"
npm_packages openai@7.59.0
run_node <<'JS'
import { createServer } from "node:http";
import OpenAI from "openai";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: 'data with "type":"error" throws: in this protocol every event says its type in its data',
  happens: "without the `event:` line, which other events do without, the error is yielded as one more event",
});
const DELTA = { type: "response.output_text.delta", item_id: "i", output_index: 0, content_index: 0, delta: "Hi" };
const ERROR = { type: "error", code: "server_error", message: "out of memory", param: null };
const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "text/event-stream");
  const line = request.url.startsWith("/named") ? "event: error\n" : "";
  response.end(`data: ${JSON.stringify(DELTA)}\n\n${line}data: ${JSON.stringify(ERROR)}\n\n`);
}).listen(0);
await new Promise((resolve) => server.once("listening", resolve));
async function read(path) {
  const client = new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/${path}` });
  const events = [];
  try {
    for await (const event of await client.responses.create({ model: "m", input: "Hello", stream: true })) events.push(event.type);
    return { events, threw: false };
  } catch (error) {
    return { events, threw: error.message };
  }
}
usual("with the line", await read("named"), { events: ["response.output_text.delta"], threw: "out of memory" });
surprise("without it", {
  actual: await read("bare"),
  recorded: { events: ["response.output_text.delta", "error"], threw: false },
  expected: { events: ["response.output_text.delta"], threw: "out of memory" },
});
done();
JS

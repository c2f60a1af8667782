#!/usr/bin/env bash
# A 200 that is no event stream at all (a login page, plain JSON) is an empty answer for create({ stream: true }).
source "$(dirname "$0")/lib/common.sh"
npm_packages openai@7.59.0
run_node <<'JS'
import { createServer } from "node:http";
import OpenAI from "openai";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "a reply with another content type than text/event-stream is an error",
  happens: "no chunk, no error: a proxy's page, and the whole answer of a server that ignores `stream`, both vanish",
});
const server = createServer((request, response) => {
  request.resume();
  if (request.url.startsWith("/html")) {
    response.setHeader("content-type", "text/html").end("<html><body>Please sign in</body></html>");
  } else {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", content: "The answer" } }] }));
  }
}).listen(0);
await new Promise((resolve) => server.once("listening", resolve));
const client = (path) => new OpenAI({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}/${path}` });
const ask = { model: "m", messages: [{ role: "user", content: "Hello" }] };
async function chunks(path) {
  let count = 0;
  for await (const _ of await client(path).chat.completions.create({ ...ask, stream: true })) count += 1;
  return `ended normally, ${count} chunks`;
}
const whole = await client("json").chat.completions.create(ask);
usual("JSON, not asked to stream", whole.choices[0].message.content, "The answer");
for (const path of ["json", "html"]) {
  surprise(`${path} with stream: true`, {
    actual: await chunks(path).catch((error) => error.constructor.name),
    recorded: "ended normally, 0 chunks",
    expected: "APIError",
  });
}
const page = await client("html").chat.completions.create(ask);
surprise("html, not asked to stream: the completion is", { actual: typeof page, recorded: "string", expected: "object" });
done();
JS

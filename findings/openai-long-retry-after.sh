#!/usr/bin/env bash
# openai follows Retry-After only up to a minute: a server that asks for more is asked again within a second.
source "$(dirname "$0")/lib/common.sh"
npm_packages openai@7.59.0
run_node <<'JS'
import { createServer } from "node:http";
import OpenAI from "openai";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "the longer Retry-After, the later the next request; or none at all",
  happens: "3 s are waited for, 61 s are ignored: the next request comes after about half a second",
});
let arrivals = [];
const server = createServer((request, response) => {
  request.resume();
  arrivals.push(Date.now());
  response.writeHead(429, { "retry-after": request.url.slice(1).split("/")[0] }).end();
}).listen(0);
await new Promise((resolve) => server.once("listening", resolve));
async function pause(seconds) {
  arrivals = [];
  const baseURL = `http://127.0.0.1:${server.address().port}/${seconds}`;
  const client = new OpenAI({ apiKey: "none", baseURL, maxRetries: 1 });
  await client.models.list().catch(() => {});
  const [first, second] = arrivals;
  console.log(`          Retry-After ${seconds}: the second request came after ${second - first} ms`);
  return { requests: arrivals.length, waited: second - first > 2500 ? "at least 2.5 s" : "less than 2.5 s" };
}
usual("Retry-After: 3", await pause(3), { requests: 2, waited: "at least 2.5 s" });
surprise("Retry-After: 61", {
  actual: await pause(61),
  recorded: { requests: 2, waited: "less than 2.5 s" },
  expected: { requests: 2, waited: "at least 2.5 s" },
});
done();
JS

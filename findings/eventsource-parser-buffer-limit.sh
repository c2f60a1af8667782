#!/usr/bin/env bash
# maxBufferSize of eventsource-parser bounds what waits between two chunks, not an event.
source "$(dirname "$0")/lib/common.sh"
npm_packages eventsource-parser@4.1.3
run_node <<'JS'
import { createParser } from "eventsource-parser";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "with maxBufferSize 100 an event of 100,000 characters is refused, however it arrives",
  happens: "it depends on the network: in one chunk the event is delivered, in two it is an error",
});
function feed(...chunks) {
  const seen = [];
  const parser = createParser({
    maxBufferSize: 100,
    onEvent: (event) => seen.push(`event of ${event.data.length}`),
    onError: (error) => seen.push(error.type),
  });
  try {
    for (const chunk of chunks) parser.feed(chunk);
  } catch {
    seen.push("feed throws from then on");
  }
  return seen;
}
const event = `data: ${"x".repeat(100_000)}\n\n`;
const refused = ["max-buffer-size-exceeded", "feed throws from then on"];
usual("in two chunks", feed(event.slice(0, 500), event.slice(500)), refused);
surprise("in one chunk", { actual: feed(event), recorded: ["event of 100000"], expected: refused });
done();
JS

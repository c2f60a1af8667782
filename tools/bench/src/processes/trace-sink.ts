import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { untilSignal } from "@docrelay/platform";

/* A collector that takes all traces and keeps none, so that only the cost of the traced processes is measured. */
const stopped = untilSignal();
const http = createServer((request, response) => {
  request.resume();
  request.once("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
});
http.listen(0, "127.0.0.1");
await once(http, "listening");
process.stdout.write(`${JSON.stringify({ msg: "listening", port: (http.address() as AddressInfo).port })}\n`);
await stopped;
process.exit(0);

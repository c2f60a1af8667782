#!/usr/bin/env bash
# Python's websockets: a message over max_size is answered at once when it is one byte too large, after 10 s when much larger.
source "$(dirname "$0")/lib/common.sh"
npm_packages ws@8.23.0
debian_packages python3-websockets
cat >server.py <<'PY'
import asyncio
import websockets


async def echo(socket):
    async for message in socket:
        await socket.send(str(len(message)))


async def main():
    async with websockets.unix_serve(echo, "server.sock", max_size=1000):
        await asyncio.Future()


asyncio.run(main())
PY
PYTHONPATH="$work/debian/usr/lib/python3/dist-packages" /usr/bin/python3 server.py >server.log 2>&1 &
children+=("$!")
for _ in $(seq 200); do [ -S server.sock ] && break; sleep 0.1; done
run_node <<'JS'
import WebSocket from "ws";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "a message over max_size (here 1000) is answered at once with 1009: its length stands in its first bytes",
  happens: "2,000 bytes: so it is. 8 MiB: no close, no error, nothing for about 10 s, then EPIPE on the send and 1009",
});
const trial = (bytes) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws+unix:${process.cwd()}/server.sock:/`, { perMessageDeflate: false });
    const seen = [];
    let from;
    socket.on("message", (data) => {
      seen.push(`answer ${data}`);
      socket.close();
    });
    socket.on("error", () => {});
    socket.on("open", () => {
      from = Date.now();
      socket.send("x".repeat(bytes));
    });
    socket.on("close", (code) => {
      const took = Date.now() - from;
      console.log(`          ${bytes} bytes: ${took} ms`);
      resolve([...seen, code, took < 5000 ? "within 5 s" : "after more than 5 s"]);
    });
  });
usual("900 bytes", (await trial(900))[0], "answer 900");
usual("2,000 bytes", await trial(2000), [1009, "within 5 s"]);
surprise("8 MiB", {
  actual: await trial(8 * 2 ** 20),
  recorded: [1009, "after more than 5 s"],
  expected: [1009, "within 5 s"],
});
done();
JS

#!/usr/bin/env bash
# If an ASGI WebSocket handler throws, Hypercorn closes the connection with code 1000, as if the handler had ended
# normally.
source "$(dirname "$0")/lib/common.sh"
npm_packages ws@8.23.0
debian_packages python3-hypercorn python3-h11 python3-h2 python3-hpack python3-hyperframe python3-priority \
  python3-toml python3-typing-extensions python3-wsproto
cat >application.py <<'PY'
async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    wish = (await receive())["text"]
    if wish == "close":
        await send({"type": "websocket.close", "code": 4001})
    else:
        raise RuntimeError("the handler failed in mid-answer")
PY
PYTHONPATH="$work/debian/usr/lib/python3/dist-packages:$work" /usr/bin/python3 -m hypercorn \
  --bind "unix:$work/server.sock" application:app >hypercorn.log 2>&1 &
children+=("$!")
for _ in $(seq 200); do [ -S server.sock ] && break; sleep 0.1; done
run_node <<'JS'
import WebSocket from "ws";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "1011 (internal error), as the protocol has it for this, or 1006: the connection just ends",
  happens: "1000, normal closure: a client that trusts the code takes the failure for the end of the answer",
});
const trial = (message) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws+unix:${process.cwd()}/server.sock:/`);
    socket.on("open", () => socket.send(message));
    socket.on("error", reject);
    socket.on("close", resolve);
  });
usual("the handler closes with 4001", await trial("close"), 4001);
surprise("the handler raises", { actual: await trial("raise"), recorded: 1000, expected: 1011 });
done();
JS
grep -q "RuntimeError: the handler failed" hypercorn.log || { echo "FAILED    the exception is not in the server's log"; exit 1; }

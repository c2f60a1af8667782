// An engine for docrelay with Node and ws: npm install ws; node node_ws.mjs
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";

/** Put your model here: yield each piece of text as the model makes it, and stop when `signal` is aborted. */
async function* answer(prompt, signal) {
  yield `The prompt has ${prompt.length} characters. It begins:`;
  for (const word of prompt.slice(0, 300).split(/\s+/)) {
    await sleep(50, undefined, { signal });
    yield ` ${word}`;
  }
}

async function reply(socket, ask, signal) {
  // Sends a frame, which repeats the unique_id of the ask, so that docrelay may use the connection for other users,
  // too.
  const send = (frame) => socket.send(JSON.stringify({ unique_id: ask.unique_id, ...frame }));
  try {
    for await (const delta of answer(ask.message, signal)) send({ type: "delta", delta });
    send({ type: "end" });
  } catch (error) {
    if (signal.aborted) console.log("cancelled", ask.unique_id);
    else send({ type: "error", message: error.message });
  }
}

const port = Number(process.env.PORT ?? 7800);
// A prompt with PDFs may have megabytes.
const server = new WebSocketServer({ host: process.env.HOST ?? "127.0.0.1", port, maxPayload: 2 ** 26 });
server.on("listening", () => console.log(`ready ws://127.0.0.1:${port}`));
server.on("connection", (socket) => {
  const closed = new AbortController();
  socket.on("close", () => closed.abort()); // docrelay closes the connection when the user cancels
  socket.on("error", console.error);
  // Docrelay sends one prompt at a time.
  socket.on("message", (text) => void reply(socket, JSON.parse(text), closed.signal));
});

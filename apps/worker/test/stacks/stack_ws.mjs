// An engine written with the package `ws` for Node and its default limits. It sends the frames that talk.py describes.
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";

const verifyClient = ({ req }, admit) => admit(req.headers.authorization === "Bearer right", 401);
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.env.PORT), path: "/ws", verifyClient });
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", async (text) => {
    const { message, unique_id } = JSON.parse(text);
    console.log("prompt", unique_id);
    if (message.startsWith("busy")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 45_000);
    for (let number = 0; number < (message.startsWith("slow") ? 30 : 2); number++) {
      await sleep(message.startsWith("slow") ? 200 : 0);
      socket.send(JSON.stringify({ unique_id, delta: `w${number} ` }));
    }
    socket.send(JSON.stringify({ unique_id, type: "end" }));
  });
});

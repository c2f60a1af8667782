import { makePdf } from "@docrelay/testkit";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { start } from "./launcher.ts";
import { startOriginalEngine } from "./original.ts";

describe("an original front end and an original engine", () => {
  it("get exactly what they always got: the prompt byte for byte, and the client's own unique_id", async () => {
    await using engine = await startOriginalEngine();
    await using local = await start({ ENGINE_URL: engine.url, ENGINE_PROMPT: "plain" });
    const content = Buffer.from(makePdf({ pages: ["First page.", "Second page."] })).toString("base64");
    const frame = {
      message: "what is inside this pdf?",
      type: "chat",
      unique_id: "user-4711",
      file: { name: "document.pdf", type: "application/pdf", content: `data:application/pdf;base64,${content}` },
    };
    for (const path of ["/ws/chat/", "/ws/chat"]) {
      const socket = new WebSocket(`ws://127.0.0.1:${local.port}${path}`);
      await once(socket, "open");
      socket.send(JSON.stringify(frame));
      const [reply] = (await once(socket, "message")) as [Buffer];
      socket.close();
      expect(JSON.parse(reply.toString())).toEqual({
        response: `answer ${engine.got.length}`,
        model: "original",
        unique_id: "user-4711",
      });
    }
    const prompt =
      "what is inside this pdf?\n\n--- File Content: document.pdf ---\nFirst page.\nSecond page.\n--- End of File ---";
    const expected = JSON.stringify({ message: prompt, type: "chat", unique_id: "user-4711" });
    expect(engine.got).toEqual([expected, expected]);
    expect(local.process.lines.join("\n")).toContain("Answers come from your engine.");
  });
});

#!/usr/bin/env bash
# A second `start` with another messageId in one stream begins its message with a copy of the first one's text.
source "$(dirname "$0")/lib/common.sh"
npm_packages ai@7.0.173 @ai-sdk/react@4.0.177 react@19.3.1
run_node <<'JS'
import { Chat } from "@ai-sdk/react";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "a new message id begins a new, empty message (or is refused): so a server could restart an answer",
  happens: "both messages stay, and the second one holds the first one's text before its own",
});
const text = (id, delta) => [
  { type: "text-start", id },
  { type: "text-delta", id, delta },
  { type: "text-end", id },
];
async function trial(...chunks) {
  const transport = {
    sendMessages: async () => ReadableStream.from(chunks),
    reconnectToStream: async () => null,
  };
  const chat = new Chat({ transport });
  await chat.sendMessage({ text: "Hello" });
  return chat.messages.slice(1).map(({ id, parts }) => `${id}: ${parts.map((part) => part.text).join(" + ")}`);
}
const first = [{ type: "start", messageId: "m1" }, ...text("t1", "wrong")];
usual("one start", await trial(...first, { type: "finish" }), ["m1: wrong"]);
surprise("two starts", {
  actual: await trial(...first, { type: "start", messageId: "m2" }, ...text("t2", "right"), { type: "finish" }),
  recorded: ["m1: wrong", "m2: wrong + right"],
  expected: ["m1: wrong", "m2: right"],
});
done();
JS

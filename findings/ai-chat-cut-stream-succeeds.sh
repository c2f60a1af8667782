#!/usr/bin/env bash
# useChat's Chat ends as `ready`, without an error, when a transport's stream ends before `finish`.
source "$(dirname "$0")/lib/common.sh"
npm_packages ai@7.0.173 @ai-sdk/react@4.0.177 react@19.3.1
run_node <<'JS'
import { Chat } from "@ai-sdk/react";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "a stream that ends in mid-text, without text-end and finish, is reported as a disconnect or an error",
  happens: "status ready, no error, isDisconnect false; the text part says `streaming` for ever",
});
const HALF = [
  { type: "start", messageId: "answer" },
  { type: "text-start", id: "t" },
  { type: "text-delta", id: "t", delta: "Half of the" },
];
async function trial(chunks) {
  const transport = {
    sendMessages: async () => ReadableStream.from(chunks),
    reconnectToStream: async () => null,
  };
  let finish;
  const chat = new Chat({ transport, onFinish: (event) => (finish = event) });
  await chat.sendMessage({ text: "Hello" });
  const [part] = chat.messages.at(-1).parts;
  const { isDisconnect, isError, finishReason } = finish;
  return { status: chat.status, error: chat.error?.message ?? null, part: part.state, isDisconnect, isError, finishReason: finishReason ?? null };
}
const whole = { status: "ready", error: null, part: "done", isDisconnect: false, isError: false, finishReason: "stop" };
usual("whole", await trial([...HALF, { type: "text-end", id: "t" }, { type: "finish", finishReason: "stop" }]), whole);
surprise("cut", {
  actual: await trial(HALF),
  recorded: { ...whole, part: "streaming", finishReason: null },
  expected: { ...whole, status: "error", part: "streaming", isDisconnect: true, isError: true, finishReason: null },
});
done();
JS

#!/usr/bin/env bash
# The protocol's own `abort` chunk does not set isAbort of onFinish, but any error that is named AbortError does.
source "$(dirname "$0")/lib/common.sh"
npm_packages ai@7.0.173 @ai-sdk/react@4.0.177 react@19.3.1
run_node <<'JS'
import { Chat } from "@ai-sdk/react";
import { about, done, surprise, usual, wait } from "./check.mjs";

about({
  expected: "isAbort follows the server's `abort` chunk; an error of a stream that nobody stopped is an error",
  happens: "the chunk is ignored, and the failure is taken for the user's own stop: status ready, no error",
});
async function trial(last) {
  const transport = {
    sendMessages: async () =>
      new ReadableStream({
        async start(controller) {
          controller.enqueue({ type: "start", messageId: "answer" });
          controller.enqueue({ type: "text-start", id: "t" });
          controller.enqueue({ type: "text-delta", id: "t", delta: "Half" });
          await wait(100);
          if (last instanceof Error) return controller.error(last);
          controller.enqueue(last);
          controller.close();
        },
      }),
    reconnectToStream: async () => null,
  };
  let finish;
  const chat = new Chat({ transport, onFinish: (event) => (finish = event) });
  await chat.sendMessage({ text: "Hello" });
  return { status: chat.status, error: chat.error?.message ?? null, isAbort: finish.isAbort, isError: finish.isError };
}
const failed = { status: "error", error: "upstream gave up", isAbort: false, isError: true };
const stopped = { status: "ready", error: null, isAbort: true, isError: false };
usual("the stream fails", await trial(new Error("upstream gave up")), failed);
surprise("the stream fails with a name", {
  actual: await trial(Object.assign(new Error("upstream gave up"), { name: "AbortError" })),
  recorded: stopped,
  expected: failed,
});
surprise("abort chunk", {
  actual: await trial({ type: "abort" }),
  recorded: { ...stopped, isAbort: false },
  expected: stopped,
});
done();
JS

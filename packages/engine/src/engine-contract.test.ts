import { describeEngine, type ContractCall, type ContractKind } from "../test/engine.contract.ts";
import { engineAt, startScriptedEngine } from "../test/scripted-engine.ts";
import { openAiAt, startScriptedOpenAi, type HttpCall } from "../test/scripted-openai.ts";
import type { OpenAiKind, ReplyMode } from "./index.ts";

function webSocket(reply: ReplyMode): ContractKind {
  return {
    name: `websocket ${reply}`,
    streams: reply === "stream",
    async start(script) {
      const calls: ContractCall[] = [];
      const server = await startScriptedEngine(({ socket, number, message, id, say }) => {
        const call: ContractCall = {
          number,
          prompt: message,
          get closed() {
            return socket.readyState === socket.CLOSED;
          },
          reply(...pieces) {
            if (reply === "single") return say({ message: pieces.join(""), unique_id: id });
            for (const delta of pieces) say({ delta, unique_id: id });
            say({ type: "end", unique_id: id });
          },
          begin: (delta) => say({ delta, unique_id: id }),
          fail: (error) => say({ type: "error", error, unique_id: id }),
          cut: () => socket.terminate(),
        };
        calls.push(call);
        return script(call);
      });
      return { url: server.url, calls, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
    },
    connect: (url, options) => engineAt(url, { reply, ...options }),
  };
}

function openAi(kind: OpenAiKind): ContractKind {
  const promptOf = ({ body }: HttpCall): string => {
    const messages = (body["messages"] ?? body["input"]) as Array<{ content: string }>;
    return messages.at(-1)?.content ?? "";
  };
  return {
    name: kind,
    streams: true,
    async start(script) {
      const calls: ContractCall[] = [];
      const server = await startScriptedOpenAi(kind, (http) => {
        const call: ContractCall = {
          number: http.number,
          prompt: promptOf(http),
          get closed() {
            return http.closed;
          },
          reply(...pieces) {
            http.begin();
            for (const piece of pieces) http.text(piece);
            http.finish();
          },
          begin(piece) {
            http.begin();
            http.text(piece);
          },
          fail(message) {
            http.error({ message, code: "invalid_request_error" });
            http.response.end();
          },
          cut: () => http.cut(),
        };
        calls.push(call);
        return script(call);
      });
      return { url: server.url, calls, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
    },
    connect: (url, options) => openAiAt(url, { kind, ...options }),
  };
}

for (const kind of [webSocket("single"), webSocket("stream"), openAi("chat"), openAi("responses")])
  describeEngine(kind);

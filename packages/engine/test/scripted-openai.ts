import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createOpenAiEngine, type Engine, type OpenAiEngineOptions, type OpenAiKind } from "../src/index.ts";

/** A request that the server got, and functions to respond as a real server does. */
export interface HttpCall {
  readonly number: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly response: ServerResponse;
  /** Whether the client has closed the connection, or the response has ended. */
  readonly closed: boolean;
  /** Sends what comes before the first text: a chunk with only a role, or `response.created`. */
  begin(): void;
  text(piece: string): void;
  /** Sends the event that ends the reply, and `[DONE]` if the API has it. */
  finish(reason?: "stop" | "length" | "content_filter"): void;
  error(error: object): void;
  /** Sends bytes as they are. */
  raw(bytes: string | Buffer): void;
  cut(): void;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly HttpCall[];
  /** How many TCP connections were opened so far, and how many are open. */
  readonly opened: number;
  readonly open: number;
}

/** Starts a real HTTP server. The test decides what it does with each request. */
export async function startScriptedOpenAi(
  kind: OpenAiKind,
  script: (call: HttpCall) => unknown,
): Promise<ScriptedServer> {
  const calls: HttpCall[] = [];
  let opened = 0;
  let open = 0;
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  server.on("connection", (socket) => {
    opened++;
    open++;
    socket.on("close", () => open--);
    socket.on("error", () => undefined);
  });
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // the client has closed the connection before its whole request was sent
    }
    const call = callOf(kind, request, response, { number: calls.length + 1, raw: Buffer.concat(chunks).toString() });
    calls.push(call);
    await script(call);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    get opened() {
      return opened;
    },
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function callOf(
  kind: OpenAiKind,
  request: IncomingMessage,
  response: ServerResponse,
  { number, raw }: { number: number; raw: string },
): HttpCall {
  let sequence = 0;
  const head = (): void => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  };
  const send = (event: object, name?: string): void => {
    head();
    response.write(`${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(event)}\n\n`);
  };
  const chunk = (choice: object): void =>
    send({ id: "chatcmpl-1", object: "chat.completion.chunk", model: "m", choices: [{ index: 0, ...choice }] });
  const event = (type: string, more: object): void => send({ type, sequence_number: sequence++, ...more }, type);
  const isChat = kind === "chat";
  return {
    number,
    path: request.url ?? "",
    headers: request.headers,
    body: JSON.parse(raw) as Record<string, unknown>,
    response,
    get closed() {
      return response.closed || response.destroyed;
    },
    begin() {
      if (isChat) chunk({ delta: { role: "assistant", content: "" }, finish_reason: null });
      else event("response.created", { response: { id: "resp_1", status: "in_progress" } });
    },
    text(piece) {
      if (isChat) chunk({ delta: { content: piece }, finish_reason: null });
      else event("response.output_text.delta", { item_id: "msg_1", output_index: 0, content_index: 0, delta: piece });
    },
    finish(reason = "stop") {
      if (isChat) {
        chunk({ delta: {}, finish_reason: reason });
        response.end("data: [DONE]\n\n");
        return;
      }
      const incomplete = { length: "max_output_tokens", content_filter: "content_filter", stop: undefined }[reason];
      if (incomplete === undefined) event("response.completed", { response: { id: "resp_1", status: "completed" } });
      else
        event("response.incomplete", {
          response: { status: "incomplete", incomplete_details: { reason: incomplete } },
        });
      response.end();
    },
    error(error) {
      if (isChat) send({ error });
      else event("error", error);
    },
    raw(bytes) {
      head();
      response.write(bytes);
    },
    cut: () => void response.destroy(),
  };
}

export function openAiAt(url: string, options: Partial<OpenAiEngineOptions> = {}): Engine {
  return createOpenAiEngine({
    url,
    kind: "chat",
    connections: 10,
    firstReplyTimeoutMs: 5000,
    idleTimeoutMs: 5000,
    maxReplyBytes: 1_048_576,
    ...options,
  });
}

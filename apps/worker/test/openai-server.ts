import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface OpenAiRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: string }>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface OpenAiServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly OpenAiRequest[];
}

/**
 * Starts a server with OpenAI's streamed Chat Completions. It replies with the pieces that `reply` returns; if `reply`
 * returns undefined, `reply` itself has written the response.
 */
export async function startOpenAi(
  reply: (request: OpenAiRequest, response: ServerResponse, index: number) => readonly string[] | undefined,
  usage?: object,
): Promise<OpenAiServer> {
  const requests: OpenAiRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const messages = body["messages"] as OpenAiRequest["messages"];
    const seen = { path: request.url ?? "", headers: request.headers, body, messages };
    requests.push(seen);
    const pieces = reply(seen, response, requests.length - 1);
    if (!pieces) return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const content of pieces) response.write(chunk({ delta: { content } }));
    const told = usage ? `data: ${JSON.stringify({ choices: [], usage })}\n\n` : "";
    response.end(`${chunk({ delta: {}, finish_reason: "stop" })}${told}data: [DONE]\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function chunk(choice: object): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`;
}

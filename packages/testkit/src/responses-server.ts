import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A response of the server. It continues even if no connection reads it. */
export interface BackgroundResponse {
  readonly id: string;
  readonly isCancelled: boolean;
  /** How many connections read the response now. */
  readonly readers: number;
  say(text: string): void;
  finish(): void;
  /** Breaks all connections that read the response. */
  cut(): void;
}

export interface ResponsesServer extends AsyncDisposable {
  readonly url: string;
  /** Method and path of each request, such as `POST /v1/responses`, in order. */
  readonly requests: readonly string[];
  /** The headers of each POST that began a response. */
  readonly headers: readonly IncomingHttpHeaders[];
  readonly bodies: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly responses: readonly BackgroundResponse[];
  /** While set, requests for an existing response get this HTTP status. */
  refuseWith: number | undefined;
}

/**
 * A server of OpenAI's Responses API with `background`. Each POST begins a response, and `script` decides its text.
 * `GET /v1/responses/:id?stream=true&starting_after=N` continues a response after an event.
 */
export async function startResponses(
  script: (response: BackgroundResponse, prompt: string) => void = () => undefined,
): Promise<ResponsesServer> {
  const requests: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const bodies: Array<Record<string, unknown>> = [];
  const responses: Kept[] = [];
  const server = createServer(async (request, response) => {
    response.on("error", () => undefined);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "", "http://server");
    requests.push(`${request.method} ${request.url}`);
    const [, id, isCancel] = /^\/v1\/responses\/([^/]+)(\/cancel)?$/.exec(url.pathname) ?? [];
    if (id === undefined) {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      bodies.push(body);
      headers.push(request.headers);
      const kept = new Kept(`resp_${responses.length + 1}`);
      responses.push(kept);
      kept.read(response, -1);
      const input = body["input"] as Array<{ content: string }>;
      return script(kept, input.at(-1)?.content ?? "");
    }
    const kept = responses.find((one) => one.id === id);
    const status = made.refuseWith ?? (kept ? 200 : 404);
    if (status !== 200 || !kept) {
      response.writeHead(status, { "content-type": "application/json" });
      return void response.end(
        JSON.stringify({ error: { message: "no such response", type: "invalid_request_error" } }),
      );
    }
    if (!isCancel) return kept.read(response, Number(url.searchParams.get("starting_after") ?? -1));
    kept.cancel();
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ id, status: "cancelled" }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const made: ResponsesServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    headers,
    bodies,
    responses,
    refuseWith: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return made;
}

class Kept implements BackgroundResponse {
  readonly id: string;
  isCancelled = false;
  readonly #events: string[] = [];
  readonly #readers = new Set<ServerResponse>();
  #isOver = false;

  constructor(id: string) {
    this.id = id;
    this.#add("response.created", { response: { id, status: "queued", background: true } });
    this.#add("response.in_progress", { response: { id, status: "in_progress", background: true } });
  }

  get readers(): number {
    return this.#readers.size;
  }
  say(delta: string): void {
    this.#add("response.output_text.delta", { item_id: "msg_1", output_index: 0, content_index: 0, delta });
  }
  finish(): void {
    this.#add("response.completed", { response: { id: this.id, status: "completed", background: true } });
    this.#end();
  }
  cancel(): void {
    this.isCancelled = true;
    this.#end();
  }
  cut(): void {
    for (const reader of this.#readers) reader.destroy();
  }
  /** Sends the events after number `after`, then later events as they happen. */
  read(response: ServerResponse, after: number): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of this.#events.slice(after + 1)) response.write(event);
    if (this.#isOver) return void response.end();
    this.#readers.add(response);
    response.once("close", () => this.#readers.delete(response));
  }

  #add(type: string, more: object): void {
    const event = { type, sequence_number: this.#events.length, ...more };
    const block = `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
    this.#events.push(block);
    for (const reader of this.#readers) reader.write(block);
  }
  #end(): void {
    this.#isOver = true;
    for (const reader of this.#readers) reader.end();
  }
}

import {
  DEFAULT_LIMITS,
  isTerminal,
  ERRORS,
  wireError,
  type Event,
  type EventBody,
  type Open,
  type Position,
  type WireError,
} from "@docrelay/protocol";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";

/** What the server does with a request instead of responding as it should. */
export type Fault =
  | { readonly refuse: WireError }
  /** Responds with this value, whatever it is. */
  | { readonly answer: unknown }
  /** Does what was requested, but sends no response. */
  | "lose-ack"
  /** Does what was requested, and breaks the connection before the response. */
  | "break-after"
  /** Breaks the connection without doing what was requested. */
  | "break-before";

interface AskPayload {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly files?: ReadonlyArray<{ readonly upload: string; readonly password?: string }>;
  readonly replaces?: string;
}
interface Upload {
  readonly size: number;
  bytes: Buffer;
}

/**
 * A server that speaks the protocol over real sockets, keeps all data in memory, and misbehaves when a test tells it
 * to. The server knows one user and one conversation, "c". It is meant only for faults that a real edge does not
 * produce on demand; everything else is tested with real edges.
 */
export class RelayServer implements AsyncDisposable {
  /** All events that clients have sent so far, in order. */
  readonly heard: Array<{ readonly event: string; readonly payload: Record<string, unknown>; readonly at: number }> =
    [];
  readonly handshakes: unknown[] = [];
  readonly asks = new Map<string, AskPayload & { seq: number }>();
  readonly uploads = new Map<string, Upload>();
  log: Event[] = [];
  first = 1;
  chunkBytes = 1024;
  expiresInMs = 3_600_000;
  /** By how many ms the server's clock is ahead of the client's. */
  clockAheadMs = 0;
  /** Whether the server sends only times and no durations, as a server of an older version does. */
  tellsNoDurations = false;
  /** While set, `POST /v1/session` refuses tokens with this error. */
  refuseSession: WireError | undefined;
  sessions = 0;
  /** The `Authorization` header of each request for a session. */
  readonly sessionRequests: Array<string | undefined> = [];
  mostChunksPending = 0;
  /** How many events a response to `conversation:open` has at most. */
  page = 5;
  /** While set, handshakes are refused with this error. */
  refuseConnect: WireError | undefined;
  /** The faults for the next requests, in order, by the name of the requests' event. */
  readonly faults = new Map<string, Fault[]>();
  /** While set, the server sends this object instead of a correct welcome. */
  welcome: object | undefined;
  /** Whether events are only written to the log and not sent to clients. */
  silent = false;
  /** Responses to chunks wait until this promise settles. */
  chunkGate: Promise<void> | undefined;
  private chunksPending = 0;
  private nonces = 0;
  private readonly http: HttpServer;
  readonly io: Server;

  private constructor() {
    this.http = createServer((request, response) => {
      if (request.url !== "/v1/session") return void response.writeHead(404).end();
      response.setHeader("content-type", "application/json");
      this.sessionRequests.push(request.headers.authorization);
      if (this.refuseSession && request.headers.authorization !== undefined) {
        response.statusCode = ERRORS[this.refuseSession.code].http;
        return void response.end(JSON.stringify({ error: this.refuseSession }));
      }
      this.sessions++;
      response.end(JSON.stringify({ token: `token-${this.sessions}`, user: "user", ...this.expiry() }));
    });
    this.io = new Server(this.http, { transports: ["websocket"], serveClient: false });
    this.io.use((socket, next) => {
      this.handshakes.push(socket.handshake.auth);
      if (!this.refuseConnect) return next();
      next(Object.assign(new Error(this.refuseConnect.code), { data: this.refuseConnect }));
    });
    this.io.on("connection", (socket) => this.serve(socket));
  }

  static async start(): Promise<RelayServer> {
    const server = new RelayServer();
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    return server;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }
  get sockets(): Socket[] {
    return [...this.io.of("/").sockets.values()];
  }
  count(event: string): number {
    return this.heard.filter((one) => one.event === event).length;
  }
  fail(event: string, ...faults: Fault[]): void {
    this.faults.set(event, faults);
  }
  /** Breaks all connections, and refuses new ones until `back`. */
  away(): void {
    this.refuseConnect = wireError("SHUTTING_DOWN");
    this.breakAll();
  }
  back(): void {
    this.refuseConnect = undefined;
  }
  /** The ids of the asks that were stored, in order. */
  get accepted(): string[] {
    return this.log.filter(({ type }) => type === "accepted").map(({ ask }) => ask);
  }
  breakAll(): void {
    for (const socket of this.sockets) socket.conn.close();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.io.close();
  }

  write(ask: string, body: EventBody, attempt = 1): Event {
    const seq = (this.log.at(-1)?.seq ?? 0) + 1;
    const head = { conversation: "c", seq, nonce: `n${++this.nonces}`, ask, attempt, at: Date.now() };
    const event: Event = { ...head, ...body };
    this.log.push(event);
    if (!this.silent) this.publish(event);
    return event;
  }
  publish(event: Event): void {
    this.io.to("c").emit("event", event);
  }
  /** Writes a whole answer, with one delta for each word. */
  answer(ask: string, text: string): void {
    this.write(ask, { type: "started", engine: "test" });
    for (const word of text.split(/(?<= )/)) this.write(ask, { type: "delta", text: word });
    this.complete(ask, text);
  }
  complete(ask: string, text: string): void {
    const timings = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
    this.write(ask, { type: "completed", text, timings });
  }

  private serve(socket: Socket): void {
    socket.onAny((event: string, payload: Record<string, unknown>, ack: (answer: unknown) => void) => {
      this.heard.push({ event, payload, at: performance.now() });
      const fault = this.faults.get(event)?.shift();
      if (fault === "break-before") return void socket.conn.close();
      if (typeof fault === "object") return ack("answer" in fault ? fault.answer : { ok: false, error: fault.refuse });
      void this.handle(socket, event, payload).then((answer) => {
        if (fault === "break-after") socket.conn.close();
        else if (fault !== "lose-ack") ack("code" in answer ? { ok: false, error: answer } : { ok: true, ...answer });
      });
    });
    const welcome = { user: "user", protocol: 1, node: "n", limits: DEFAULT_LIMITS, ...this.expiry() };
    socket.emit("welcome", this.welcome ?? welcome);
  }

  private expiry(): object {
    const { expiresInMs } = this;
    const expiresAt = Date.now() + this.clockAheadMs + expiresInMs;
    return this.tellsNoDurations ? { expiresAt } : { expiresAt, expiresInMs };
  }

  private async handle(socket: Socket, event: string, payload: Record<string, unknown>): Promise<object> {
    switch (event) {
      case "conversation:open":
        await socket.join("c");
        return this.read((payload as Open).after);
      case "conversation:close":
        if (payload["conversation"] === "c") await socket.leave("c");
        return {};
      case "ask": {
        const ask = payload as unknown as AskPayload;
        await socket.join("c");
        const known = this.asks.get(ask.id);
        if (known) return { ask: ask.id, seq: known.seq, duplicate: true };
        const missing = ask.files?.findIndex(({ upload }) => !this.uploads.has(upload)) ?? -1;
        if (missing >= 0) return wireError("NOT_FOUND", { file: missing });
        const files = (ask.files ?? []).map(({ upload }) => ({ name: upload, size: 1, sha256: "" }));
        const { seq } = this.write(
          ask.id,
          { type: "accepted", message: ask.message, files, ...(ask.replaces && { replaces: ask.replaces }) },
          0,
        );
        this.asks.set(ask.id, { ...ask, seq });
        return { ask: ask.id, seq, duplicate: false };
      }
      case "upload:start": {
        const { upload, size } = payload as { upload: string; size: number };
        const known = this.uploads.get(upload) ?? { size, bytes: Buffer.alloc(0) };
        this.uploads.set(upload, known);
        return { upload, offset: known.bytes.length, chunkBytes: this.chunkBytes };
      }
      case "upload:chunk": {
        this.chunksPending++;
        this.mostChunksPending = Math.max(this.mostChunksPending, this.chunksPending);
        await this.chunkGate;
        this.chunksPending--;
        const { upload, offset, bytes } = payload as { upload: string; offset: number; bytes: Uint8Array };
        const known = this.uploads.get(upload);
        if (!known) return wireError("NOT_FOUND");
        const expectedOffset = known.bytes.length;
        if (offset > expectedOffset) return wireError("BAD_MESSAGE", { reason: "offset", expectedOffset });
        if (offset === expectedOffset) known.bytes = Buffer.concat([known.bytes, bytes]);
        return { offset: known.bytes.length, done: known.bytes.length >= known.size };
      }
      case "cancel": {
        const { ask } = payload as { ask: string };
        if (!this.asks.has(ask)) return wireError("NOT_FOUND");
        if (!this.log.some((event) => event.ask === ask && isTerminal(event)))
          this.write(ask, { type: "cancelled", text: "" });
        return {};
      }
      case "auth:refresh":
        return this.expiry();
      default:
        return wireError("BAD_MESSAGE", { reason: "type" });
    }
  }

  private read(after: Position | undefined): object {
    const head = this.log.at(-1);
    if (after && this.log.find(({ seq }) => seq === after.seq)?.nonce !== after.nonce) return wireError("RESUME_LOST");
    const events = this.log.filter(({ seq }) => seq > (after?.seq ?? this.first - 1));
    const more = events.length > this.page;
    const at = head ? { seq: head.seq, nonce: head.nonce } : null;
    return { events: events.slice(0, this.page), more, first: this.first, head: at };
  }
}

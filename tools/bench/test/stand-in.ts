import type { Event, EventBody } from "@docrelay/protocol";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";

/**
 * Faults of the stand-in. Each function gets the index of an ask, from 0, and decides whether this ask has the fault.
 */
export interface Misdeeds {
  /** Returns the code with which the ask is refused; undefined if it is accepted. */
  refuse?(index: number): string | undefined;
  /** Whether event `part` of the reply (0 `accepted`, 1 `delta`, 2 `completed`) is not sent live; the log has it. */
  skip?(index: number, part: number): boolean;
  /** Whether event `part` of the reply is sent twice. */
  twice?(index: number, part: number): boolean;
  /** Whether the ask is accepted and then never ends, neither live nor in the log. */
  lose?(index: number): boolean;
}

export interface StandIn extends AsyncDisposable {
  readonly url: string;
  readonly uploads: ReadonlyMap<string, Buffer>;
  sessions: number;
}

const CHUNK = 4096;

/** Starts a stand-in for a deployment in this process: a real Socket.IO server with imitated answers. */
export async function startStandIn(misdeeds: Misdeeds = {}): Promise<StandIn> {
  const http = createServer((request, response) => {
    if (request.url !== "/v1/session") return response.writeHead(404).end();
    standIn.sessions++;
    response.end(JSON.stringify({ token: `token-${standIn.sessions}`, user: "u", expiresAt: 0 }));
  });
  const io = new Server(http, { transports: ["websocket"] });
  const uploads = new Map<string, Buffer>();
  let asks = 0;

  io.use((socket, next) => {
    if (String(socket.handshake.auth["token"]).startsWith("token-")) return next();
    next(Object.assign(new Error("no"), { data: { code: "AUTH_INVALID" } }));
  });
  io.on("connection", (socket) => serve(socket));

  function serve(socket: Socket): void {
    const logs = new Map<string, Event[]>();
    socket.on("ask", (ask: { id: string; conversation: string; files?: unknown[] }, answer: (ack: object) => void) => {
      const index = asks++;
      const code = misdeeds.refuse?.(index);
      if (code !== undefined) return answer({ ok: false, error: { code, message: "no", retryable: true } });
      const log = logs.get(ask.conversation) ?? [];
      logs.set(ask.conversation, log);
      const bodies: EventBody[] = [
        { type: "accepted", message: "m", files: [] },
        { type: "delta", text: "hello" },
        { type: "completed", text: "hello", timings: { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 } },
      ];
      answer({ ok: true, ask: ask.id, seq: log.length + 1, duplicate: false });
      bodies.slice(0, misdeeds.lose?.(index) ? 1 : 3).forEach((body, part) => {
        const seq = log.length + 1;
        const head = { conversation: ask.conversation, ask: ask.id, seq, nonce: `n${seq}`, attempt: 1, at: 0 };
        const event: Event = { ...head, ...body };
        log.push(event);
        if (!misdeeds.skip?.(index, part)) socket.emit("event", event);
        if (misdeeds.twice?.(index, part)) socket.emit("event", event);
      });
    });
    socket.on("conversation:open", (open: { conversation: string; after?: { seq: number } }, answer) => {
      const events = (logs.get(open.conversation) ?? []).slice(open.after?.seq ?? 0);
      answer({ ok: true, events, more: false, first: 1, head: null });
    });
    socket.on("upload:start", ({ upload, size }: { upload: string; size: number }, answer) => {
      uploads.set(upload, Buffer.alloc(size));
      answer({ ok: true, upload, offset: 0, chunkBytes: CHUNK });
    });
    let chunks = 0;
    socket.on(
      "upload:chunk",
      ({ upload, offset, bytes }: { upload: string; offset: number; bytes: Buffer }, answer) => {
        // Every fifth chunk is refused and has to be sent again.
        if (++chunks % 5 === 0)
          return answer({ ok: false, error: { code: "BUSY", message: "later", retryable: true } });
        const file = uploads.get(upload) ?? Buffer.alloc(0);
        bytes.copy(file, offset);
        answer({ ok: true, offset, done: offset + bytes.length === file.length });
      },
    );
  }

  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const standIn: StandIn = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    uploads,
    sessions: 0,
    async [Symbol.asyncDispose]() {
      await io.close();
    },
  };
  return standIn;
}

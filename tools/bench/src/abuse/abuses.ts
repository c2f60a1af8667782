import { makePdf } from "@docrelay/testkit";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { WebSocket } from "ws";
import { encodeConnect, PLACEHOLDER } from "../talkers/socketio-frame.ts";
import { keepOpen, newId, type Abuser } from "./abuser.ts";

/** One kind of abuse. `run` ends soon after the abuser's `signal` is aborted, and never rejects. */
export interface Abuse {
  readonly name: string;
  /** A description of the abuse, for the report. */
  readonly what: string;
  run(abuser: Abuser): Promise<void>;
}

const MIB = 1_048_576;
const FILE_BYTES = 25 * MIB;
/**
 * The most bytes that one abuse sends: about as many as a fast connection can send while the abuse runs. `large plain
 * frames` may send four times as many.
 */
const MAX_BYTES = 800 * MIB;
/** The number of empty text operators on a page that takes seconds to extract. They compress to about 35 kB. */
const SLOW_OPERATORS = 4_000_000;
/** The largest chunk that an edge with default settings accepts. */
const CHUNK_BYTES = 65_536;

/** Creates up to `count` users. After a refusal it returns those that it has; if it has none, it tries again. */
async function users(abuser: Abuser, count: number): Promise<string[]> {
  const tokens: string[] = [];
  while (tokens.length < count && !abuser.signal.aborted) {
    const token = await abuser.token().catch(() => undefined);
    if (token === undefined) {
      abuser.count("session refused");
      if (tokens.length > 0) break;
      await sleep(250);
    } else tokens.push(token);
  }
  return tokens;
}

function sendAll(socket: WebSocket, bytes: Uint8Array | string): Promise<boolean> {
  return new Promise((resolve) => socket.send(bytes, (error) => resolve(!error)));
}

export const ABUSES: readonly Abuse[] = [
  {
    name: "upload starts",
    what: "one user, 6 connections, 32 upload:start at a time on each, a byte each, no byte sent",
    async run(abuser) {
      const sockets = keepOpen(abuser, await users(abuser, 1));
      await abuser.lanes(6 * 32, async (lane) => {
        const socket = await sockets(lane % 6);
        await abuser.call(socket, "upload:start", { upload: newId(), name: "a.pdf", type: "application/pdf", size: 1 });
      });
    },
  },
  {
    name: "half messages",
    what: "40 connections of 2 users, each announces ten attachments and sends all but the last, or half of a frame",
    async run(abuser) {
      const tokens = await users(abuser, 2);
      const piece = randomBytes(MIB);
      let left = MAX_BYTES;
      await abuser.lanes(40, async (lane) => {
        const token = tokens[lane % tokens.length] ?? "";
        const socket = await abuser.webSocket(lane % 4 === 0 ? "/ws/chat" : "/socket.io/?EIO=4&transport=websocket");
        if (!socket) throw new Error("connect refused");
        const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
        socket.on("message", (data: Buffer) => data.toString() === "2" && socket.send("3"));
        if (lane % 4 === 0) {
          // The frame never ends, because its last fragment is not sent.
          for (let n = 0; n < 32 && left > 0 && socket.readyState === socket.OPEN; n++) {
            left -= MIB;
            await new Promise<void>((resolve) => socket.send(piece, { fin: false, binary: false }, () => resolve()));
          }
        } else {
          socket.send(encodeConnect({ token, protocol: 1 }));
          await sleep(100);
          socket.send(
            `4510-["ask",{"files":[${Array.from({ length: 10 }, (_, num) => `{"_placeholder":true,"num":${num}}`).join()}]}]`,
          );
          for (let n = 0; n < 9 && left > 0 && socket.readyState === socket.OPEN; n++) {
            left -= MIB;
            await sendAll(socket, piece);
          }
        }
        await Promise.race([gone, ended(abuser.signal)]);
        socket.terminate();
      });
    },
  },
  {
    name: "large plain frames",
    what: "12 connections to /ws/chat, each sends 12 MB that are no PDF again and again",
    async run(abuser) {
      const file = { name: "a.pdf", type: "application/pdf", data: "A".repeat(12 * MIB) };
      const frame = JSON.stringify({ message: "?", type: "chat", unique_id: "1", files: [file] });
      let left = 4 * MAX_BYTES;
      await abuser.lanes(12, async () => {
        const socket = await abuser.webSocket("/ws/chat");
        if (!socket) throw new Error("connect refused");
        const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
        socket.on("message", (data: Buffer) => abuser.count(codeOf(data)));
        while (left > 0 && socket.readyState === socket.OPEN && !abuser.signal.aborted) {
          left -= frame.length;
          await Promise.race([sendAll(socket, frame), gone]);
        }
        if (socket.readyState === socket.OPEN) await Promise.race([gone, ended(abuser.signal)]);
        socket.terminate();
      });
    },
  },
  {
    name: "cheap events",
    what: "2 users, 10 connections, 32 at a time of cancel, conversation:open, conversations:list, auth:refresh on each",
    async run(abuser) {
      const tokens = await users(abuser, 2);
      const sockets = keepOpen(abuser, tokens);
      let turn = 0;
      await abuser.lanes(10 * 32, async (lane) => {
        const socket = await sockets(lane % 10);
        const events: ReadonlyArray<[string, object]> = [
          ["cancel", { conversation: newId(), ask: newId() }],
          ["conversation:open", { conversation: newId() }],
          ["conversations:list", {}],
          ["auth:refresh", { token: tokens[(lane % 10) % tokens.length] }],
        ];
        const [event, payload] = events[turn++ % events.length] ?? ["cancel", {}];
        await abuser.call(socket, event, payload);
      });
    },
  },
  {
    name: "pongs",
    what: "8 connections of 2 users, each sends pongs that nobody asked for, 500 at a time",
    async run(abuser) {
      const tokens = await users(abuser, 2);
      await abuser.lanes(8, async (lane) => {
        const socket = await abuser.webSocket("/socket.io/?EIO=4&transport=websocket");
        if (!socket) throw new Error("connect refused");
        const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
        socket.send(encodeConnect({ token: tokens[lane % tokens.length], protocol: 1 }));
        while (socket.readyState === socket.OPEN && !abuser.signal.aborted) {
          for (let n = 1; n < 500; n++) socket.send("3");
          await Promise.race([sendAll(socket, "3"), gone]);
        }
        socket.terminate();
      });
    },
  },
  {
    name: "sessions",
    what: "24 at a time: a new user, 20 asks of 96 kB in new conversations, each cancelled",
    async run(abuser) {
      const message = "€".repeat(32_000);
      await abuser.lanes(24, async () => {
        const socket = await abuser.socket(await abuser.token());
        try {
          for (let n = 0; n < 20 && socket.open && !abuser.signal.aborted; n++) {
            const at = { conversation: newId(), id: newId() };
            if (await abuser.call(socket, "ask", { ...at, message }))
              await abuser.call(socket, "cancel", { conversation: at.conversation, ask: at.id });
          }
        } finally {
          socket.close();
        }
      });
    },
  },
  {
    name: "slow PDFs",
    what: "12 users, each always has one PDF of 35 kB whose page takes seconds to read",
    async run(abuser) {
      const slow = makePdf({ pages: ["slow"], operators: SLOW_OPERATORS, deflate: true });
      if (slow.length > CHUNK_BYTES) throw new Error("a slow PDF has more than a chunk");
      const tokens = await users(abuser, 12);
      const sockets = keepOpen(abuser, tokens);
      await abuser.lanes(tokens.length, async (lane) => {
        const socket = await sockets(lane);
        // The bytes after the end of the PDF are different in each copy, so that the text of each copy is extracted
        // anew.
        const bytes = Buffer.concat([slow, Buffer.from(`%${newId()}\n`)]);
        const upload = newId();
        const file = { upload, name: "slow.pdf", type: "application/pdf", size: bytes.length };
        const isBegun = await abuser.call(socket, "upload:start", file);
        if (isBegun && (await abuser.call(socket, "upload:chunk", { upload, offset: 0 }, bytes))) await sleep(1000);
      });
    },
  },
  {
    name: "inline files",
    what: "16 users, each sends asks with a PDF of 1 kB inside, one after another",
    async run(abuser) {
      const tokens = await users(abuser, 16);
      const sockets = keepOpen(abuser, tokens);
      await abuser.lanes(tokens.length * 2, async (lane) => {
        const socket = await sockets(lane % tokens.length);
        const bytes = makePdf({ pages: [`small ${newId()}`] });
        const files = [{ name: "a.pdf", type: "application/pdf", bytes: PLACEHOLDER }];
        await abuser.call(socket, "ask", { id: newId(), conversation: newId(), message: "?", files }, bytes);
      });
    },
  },
  {
    name: "small uploads",
    what: "16 users, each uploads PDFs of 1 kB, one after another, and asks nothing",
    async run(abuser) {
      const tokens = await users(abuser, 16);
      const sockets = keepOpen(abuser, tokens);
      await abuser.lanes(tokens.length * 2, async (lane) => {
        const socket = await sockets(lane % tokens.length);
        const bytes = makePdf({ pages: [`small ${newId()}`] });
        const upload = newId();
        const file = { upload, name: "a.pdf", type: "application/pdf", size: bytes.length };
        if (await abuser.call(socket, "upload:start", file))
          await abuser.call(socket, "upload:chunk", { upload, offset: 0 }, bytes);
      });
    },
  },
  {
    name: "unfinished uploads",
    what: "12 users, each begins uploads of 25 MiB, sends the first MiB of each, and begins the next",
    async run(abuser) {
      const tokens = await users(abuser, 12);
      const sockets = keepOpen(abuser, tokens);
      const head = Buffer.concat([Buffer.from("%PDF-1.7\n"), randomBytes(65_527)]);
      let left = MAX_BYTES;
      await abuser.lanes(tokens.length * 2, async (lane) => {
        const socket = await sockets(lane % tokens.length);
        const upload = newId();
        const file = { upload, name: "a.pdf", type: "application/pdf", size: FILE_BYTES };
        if (!(await abuser.call(socket, "upload:start", file))) return;
        for (let offset = 0; offset < MIB && left > 0; offset += head.length) {
          left -= head.length;
          if (!(await abuser.call(socket, "upload:chunk", { upload, offset }, head))) return;
        }
      });
    },
  },
];

function codeOf(frame: Buffer): string {
  const { code, type } = JSON.parse(frame.toString()) as { code?: unknown; type?: unknown };
  return String(code ?? type);
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

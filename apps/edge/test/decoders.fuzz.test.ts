import {
  askSchema,
  cancelSchema,
  DEFAULT_LIMITS,
  httpAskSchema,
  payloadFault,
  openSchema,
  parsePayload,
  Refusal,
  traceIdOf,
  uploadChunkSchema,
  uploadStartSchema,
} from "@docrelay/protocol";
import { fuzzBytes, fuzzText, fuzzValue, makePdf } from "@docrelay/testkit";
import { Decoder } from "socket.io-parser";
import { BlockList, isIP } from "node:net";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { decodeBase64 } from "../src/asks/decode-base64.ts";
import { parseShallow } from "../src/asks/parse-shallow.ts";
import { createAnonymousAuthenticator } from "../src/auth/authenticator.ts";
import { clientAddress, networkOf } from "../src/auth/client-address.ts";
import { parseRange } from "../src/uploads/byte-range.ts";
import type { ApiCall } from "../src/http/api/call.ts";
import { readForm } from "../src/http/api/multipart.ts";
import { createPace } from "../src/limits/pace.ts";
import { createArriving } from "../src/limits/arriving.ts";
import { decodePlainFrame } from "../src/plain/frame-decoder.ts";
import { watchPackets } from "../src/socketio/watch-packets.ts";

const LIMITS = { ...DEFAULT_LIMITS, messageChars: 200, fileBytes: 4000, filesPerAsk: 2 };
const PDF = Buffer.from(makePdf({ pages: ["a"] }));
const BASE64 = PDF.toString("base64");

/**
 * Runs `work` and returns its result. A thrown `Refusal` is also right: then returns undefined. Any other error fails
 * the test.
 */
function orRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return undefined;
  }
}

const id = "a1";
const PAYLOADS = [
  [
    askSchema,
    { id, conversation: "c", message: "?", files: [{ upload: "u" }, { name: "a.pdf", type: "", bytes: PDF }] },
  ],
  [cancelSchema, { conversation: "c", ask: id }],
  [openSchema, { conversation: "c", after: { seq: 3, nonce: "n" } }],
  [uploadStartSchema, { upload: "u", name: "a.pdf", type: "application/pdf", size: 9 }],
  [uploadChunkSchema, { upload: "u", offset: 0, bytes: new Uint8Array([1, 2]), size: 2 }],
] as const;

describe("Socket.IO", () => {
  it("a payload is what its schema takes, or refused", async () => {
    const all = PAYLOADS.map(([, payload]) => payload);
    await fuzzValue(all, (value) => {
      for (const [schema] of PAYLOADS) {
        const parsed = orRefused(() => parsePayload(schema, value));
        if (parsed === undefined) continue;
        expect([payloadFault(value), z.safeParse(schema, parsed).success]).toEqual([undefined, true]);
        expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
      }
    });
  });

  it("packets by hand end their connection or are decoded, and nothing of them is kept", async () => {
    const packets = PAYLOADS.map(([, payload]) => `42["ask",${JSON.stringify({ ...payload, bytes: undefined })}]`);
    const binary = '451-7["ask",{"id":"a1","files":[{"bytes":{"_placeholder":true,"num":0}}]}]';
    await fuzzText([...packets, binary, '40{"token":"t","protocol":1}', "41", "3", "44/x,{}"], (packet) => {
      const arriving = createArriving({ maxBytes: 1_000_000, maxNetworkBytes: 500_000 });
      const heard = new Map<string, (data: string | Buffer) => void>();
      const socket = {
        prependListener: (_event: string, listener: (data: Buffer) => void) => heard.set("bytes", listener as never),
      };
      const connection = {
        request: { socket },
        transport: { name: "websocket" },
        on: (event: string, listener: (data: string | Buffer) => void) => heard.set(event, listener),
      };
      const ends: string[] = [];
      const rule = {
        arriving,
        network: "10.0.0.1",
        webSocketOf: () => undefined,
        receivedLarge: () => undefined,
        maxPacketBytes: 50_000,
        end: (code: string) => void ends.push(code),
      };
      const watch = watchPackets(connection as never, rule);
      watch.admit();
      heard.get("bytes")?.(Buffer.from(packet));
      heard.get("data")?.(packet);
      heard.get("data")?.(Buffer.alloc(20_000));
      expect(arriving.bytes).toBeLessThanOrEqual(500_000);
      heard.get("close")?.("");
      expect(arriving.bytes).toBe(0);
      for (const code of ends) expect(["PAYLOAD_TOO_LARGE", "BAD_MESSAGE", "BUSY"]).toContain(code);
      if (!packet.startsWith("4")) return;
      // This calls the decoder as Socket.IO does. Socket.IO ends the connection when its decoder throws.
      const decoder = new Decoder();
      decoder.on("decoded", ({ data }: { data?: unknown }) => {
        const payload: unknown = Array.isArray(data) ? data[1] : data;
        for (const [schema] of PAYLOADS) orRefused(() => parsePayload(schema, payload));
      });
      try {
        decoder.add(packet.slice(1));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      } finally {
        decoder.destroy();
      }
    });
  });
});

it("a plain frame is an ask within its limits, ignored, or refused", async () => {
  const frames = [
    { message: "?", type: "chat", unique_id: "x", files: [{ name: "a.pdf", content: BASE64 }] },
    { message: "?", unique_id: 1.5, stream: true, file: { name: "a.pdf", type: "application/pdf", data: BASE64 } },
    { type: "ping" },
  ];
  await fuzzBytes(
    frames.map((frame) => Buffer.from(JSON.stringify(frame))),
    (bytes) => {
      const frame = decodePlainFrame(bytes, LIMITS);
      if ("ignored" in frame || frame.refused) return;
      expect(frame.message.length).toBeLessThanOrEqual(LIMITS.messageChars);
      expect(frame.message.isWellFormed()).toBe(true);
      expect(frame.files.length).toBeLessThanOrEqual(LIMITS.filesPerAsk);
      for (const file of frame.files) expect(file.bytes.length).toBeLessThanOrEqual(LIMITS.fileBytes);
    },
  );
});

describe("HTTP", () => {
  it("a body of JSON is an ask that its schema takes, or refused", async () => {
    const ask = { message: "?", conversation: "c", files: [{ name: "a.pdf", content: BASE64 }, { upload: "u" }] };
    await fuzzBytes([Buffer.from(JSON.stringify(ask))], (bytes) => {
      const parsed = orRefused(() => parsePayload(httpAskSchema, parseShallow(bytes)));
      if (parsed) expect(z.safeParse(httpAskSchema, parsed).success).toBe(true);
    });
  });

  it("base64 is the bytes that it names, or refused", async () => {
    await fuzzText([BASE64, `data:application/pdf;base64,${BASE64}`], (text) => {
      const bytes = orRefused(() => decodeBase64(text, 0, LIMITS.fileBytes));
      if (!bytes) return;
      const given = text.replace(/^data:[^,]{0,256};base64,/i, "").replace(/\s+/g, "");
      expect(Buffer.from(bytes).toString("base64").length).toBe(given.length);
    });
  });

  it("a form is fields and whole files, or refused, and what was begun of it is dropped", async () => {
    const boundary = "x".repeat(20);
    const part = (head: string, body: string): string =>
      `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
    const file = part(`name="file"; filename="a.pdf"\r\ncontent-type: application/pdf`, PDF.toString("latin1"));
    const form = `${part('name="message"', "?")}${file}--${boundary}--\r\n`;
    await fuzzBytes([Buffer.from(form, "latin1")], async (bytes) => {
      const open = new Map<string, number>();
      const uploads = {
        start: async (_user: string, { upload }: { upload: string }) => {
          open.set(upload, 0);
          return { upload, offset: 0, chunkBytes: 1024 };
        },
        chunk: async (
          _user: string,
          { upload, offset, bytes: some }: { upload: string; offset: number; bytes: Uint8Array },
        ) => {
          open.set(upload, offset + some.length);
          return { offset: offset + some.length, done: false };
        },
        checkQuotas: async () => undefined,
        abandon: async (_user: string, upload: string) => open.delete(upload),
      };
      const ownFiles = { remove: async (_user: string, upload: string) => open.delete(upload) };
      const request = Object.assign(Readable.from([bytes.subarray(0, 700), bytes.subarray(700)]), {
        headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
      });
      const call = {
        request: request as unknown as IncomingMessage,
        user: "user",
        signal: new AbortController().signal,
      };
      const deps = {
        uploads,
        ownFiles,
        uploadQueue: { whenRoom: (go: () => void) => go() },
        pace: createPace(0, undefined),
        limits: { ...LIMITS, chunkBytes: 1024 },
      };
      try {
        const read = await readForm(deps as never, call as unknown as ApiCall, ["message"]);
        expect([...read.fields.keys()].filter((name) => name !== "message")).toEqual([]);
        expect(read.uploads.length).toBeLessThanOrEqual(LIMITS.filesPerAsk);
        for (const size of open.values()) expect(size).toBeLessThanOrEqual(LIMITS.fileBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
        expect(open.size).toBe(0);
      }
    });
  });

  it("headers are read, or ignored", async () => {
    const proxies = new BlockList();
    proxies.addSubnet("10.0.0.0", 8);
    const valid = [
      "bytes=0-9",
      "10.1.2.3, 2001:db8::1",
      "::ffff:10.0.0.1",
      `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    ];
    await fuzzText(valid, (header) => {
      const range = parseRange(header, 100);
      if (range && range !== "unsatisfiable")
        expect([range.from >= 0, range.to > range.from, range.to <= 100]).toEqual([true, true, true]);
      const address = clientAddress("10.0.0.1", header, proxies);
      expect(isIP(address)).toBeGreaterThan(0);
      expect(networkOf(address)).toMatch(/^[\d.]+$|^[0-9a-f:]+::\/64$/);
      const trace = traceIdOf(header);
      if (trace !== undefined) expect(trace).toMatch(/^[0-9a-f]{32}$/);
    });
  });

  it("a token is its user's, or refused", async () => {
    const secrets = (): Uint8Array[] => [Buffer.alloc(32, 7)];
    const authenticator = createAnonymousAuthenticator({ secrets, ttlMs: 60_000 });
    const { token } = await authenticator.issue("somebody");
    await fuzzText([token], async (damaged) => {
      const identity = await authenticator.verify(damaged).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Refusal);
        return undefined;
      });
      // A changed token may still decode to the same bytes. Such a token is valid, but must name the same user.
      if (identity) expect(identity.user).toBe("somebody");
    });
  });
});

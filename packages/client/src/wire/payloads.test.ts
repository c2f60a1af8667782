import {
  askAckSchema,
  conversationsHintSchema,
  eventSchema,
  listAckSchema,
  logEntrySchema,
  openAckSchema,
  plainAckSchema,
  progressSchema,
  refreshAckSchema,
  sessionSchema,
  shareAckSchema,
  uploadChunkAckSchema,
  uploadHintSchema,
  uploadStartAckSchema,
  uploadStatusAckSchema,
  welcomeSchema,
  wireErrorSchema,
  type EventBody,
  type Event,
} from "@docrelay/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { ACKS } from "./acks.ts";
import {
  readConversationsHint,
  readError,
  readLogEntry,
  readProgress,
  readSession,
  readUploadHint,
  readWelcome,
} from "./payloads.ts";
import { tryRead, type Reader } from "./read.ts";

const error = { code: "BUSY", message: "later", retryable: true, retryAfterMs: 5, reason: "r", ask: "a", file: 0 };
const BODIES: EventBody[] = [
  { type: "accepted", message: "?", files: [{ name: "a.pdf", size: 1, sha256: "00", upload: "u" }] },
  {
    type: "extracted",
    file: 0,
    pages: 2,
    chars: 9,
    cached: false,
    missing: [{ page: 1, reason: "scan" }],
    ocr: [2],
    truncated: true,
    used: [
      [1, 2],
      [4, 4],
    ],
    attachments: ["invoice.pdf"],
  },
  { type: "started", engine: "demo" },
  { type: "delta", text: "x" },
  {
    type: "completed",
    text: "x",
    timings: { queuedMs: 0, extractMs: 0.5, firstTokenMs: 1, totalMs: 2 },
    citations: [{ file: 0, page: 1 }],
    suggestions: ["And then?"],
    truncated: true,
    frame: "{}",
    usage: { promptTokens: 9, answerTokens: 1, estimated: true },
  },
  { type: "failed", error: { ...error, code: "BUSY", trace: "t", expectedOffset: 3, resetAt: 9 } },
  { type: "cancelled", text: "" },
  { type: "feedback", verdict: "down", word: "No." },
];
const EVENTS = BODIES.map((body, index): Event => ({
  conversation: "c",
  seq: index + 1,
  nonce: "n",
  ask: "a",
  attempt: 0,
  at: 1.5,
  ...body,
}));
const UPLOADS = [
  { upload: "u", stage: "receiving" },
  { upload: "u", stage: "extracting", page: 1, pages: 2 },
  { upload: "u", stage: "ready", pages: 2, chars: 9, missing: [{ page: 1, reason: "scan" }] },
  { upload: "u", stage: "failed", error },
];
const LIMITS = {
  messageChars: 1,
  inlineFileBytes: 1,
  fileBytes: 1,
  filesPerAsk: 1,
  chunkBytes: 1,
  pagesPerFile: 1,
  asksInFlight: 1,
};

interface Payload {
  readonly name: string;
  readonly read: Reader<unknown>;
  /** The protocol's schema, with which servers check the same payload. */
  readonly schema: z.ZodMiniType;
  /** Payloads that both the reader and the schema accept. */
  readonly good: readonly object[];
}
const PAYLOADS: readonly Payload[] = [
  {
    name: "a log entry",
    read: readLogEntry,
    schema: logEntrySchema,
    good: [...EVENTS, { ...EVENTS[3], type: "rated", stars: 5 }],
  },
  { name: "an error", read: readError, schema: wireErrorSchema, good: [error] },
  {
    name: "a session",
    read: readSession,
    schema: sessionSchema,
    good: [
      { token: "t", user: "u", expiresAt: 1.5 },
      { token: "t", user: "u", expiresAt: 1, expiresInMs: 7 },
    ],
  },
  {
    name: "a welcome",
    read: readWelcome,
    schema: welcomeSchema,
    good: [
      { user: "u", protocol: 1, node: "n", limits: LIMITS, expiresAt: 1 },
      { user: "u", protocol: 1, node: "n", limits: LIMITS, expiresAt: 1, features: ["of-a-newer-server"] },
      { user: "u", protocol: 1, node: "n", limits: LIMITS, expiresAt: 1, expiresInMs: 0 },
      { user: "u", protocol: 1, node: "n", limits: LIMITS, expiresAt: 1, shared: "talk" },
    ],
  },
  {
    name: "a progress",
    read: readProgress,
    schema: progressSchema,
    good: [
      { conversation: "c", ask: "a", stage: "extracting", file: 0, page: 1, pages: 2 },
      { conversation: "c", ask: "a", stage: "queued", position: 3 },
      { conversation: "c", ask: "a", stage: "waiting-for-engine", attempt: 1, of: 3, sinceMs: 250 },
    ],
  },
  {
    name: "an opened conversation",
    read: ACKS["conversation:open"],
    schema: openAckSchema,
    good: [
      { ok: true, events: EVENTS, more: false, first: 1, head: { seq: 8, nonce: "n" } },
      { ok: true, events: [], more: false, first: 1, head: null },
    ],
  },
  {
    name: "an accepted ask",
    read: ACKS.ask,
    schema: askAckSchema,
    good: [{ ok: true, ask: "a", seq: 1, duplicate: false }],
  },
  {
    name: "a page of conversations",
    read: ACKS["conversations:list"],
    schema: listAckSchema,
    good: [
      {
        ok: true,
        conversations: [{ id: "c", title: "?", at: 1.5, asks: 2, files: ["a.pdf"], expiresAt: 3 }],
        more: true,
      },
    ],
  },
  {
    name: "a link to a conversation",
    read: ACKS["conversation:share"],
    schema: shareAckSchema,
    good: [{ ok: true, token: "share_t", expiresAt: 1.5, expiresInMs: 1 }],
  },
  {
    name: "a change of the list",
    read: readConversationsHint,
    schema: conversationsHintSchema,
    good: [{ conversation: "c", change: "renamed" }],
  },
  { name: "a cancelled ask", read: ACKS.cancel, schema: plainAckSchema, good: [{ ok: true }] },
  { name: "a closed conversation", read: ACKS["conversation:close"], schema: plainAckSchema, good: [{ ok: true }] },
  {
    name: "a begun upload",
    read: ACKS["upload:start"],
    schema: uploadStartAckSchema,
    good: [{ ok: true, upload: "u", offset: 0, chunkBytes: 9 }],
  },
  {
    name: "a stored chunk",
    read: ACKS["upload:chunk"],
    schema: uploadChunkAckSchema,
    good: [{ ok: true, offset: 9, done: true }],
  },
  { name: "an upload's stage", read: readUploadHint, schema: uploadHintSchema, good: UPLOADS },
  {
    name: "an upload's stage that was asked for",
    read: ACKS["upload:status"],
    schema: uploadStatusAckSchema,
    good: UPLOADS.map((status) => ({ ok: true, ...status })),
  },
  {
    name: "a renewed token",
    read: ACKS["auth:refresh"],
    schema: refreshAckSchema,
    good: [
      { ok: true, expiresAt: 1 },
      { ok: true, expiresAt: 1, expiresInMs: 7 },
    ],
  },
];

/** Every place in a payload: the keys that lead to it. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  return [[...path], ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
}

/** Returns a copy with the value `by` at `path`, a list of keys. If `by` is undefined, the field there is removed. */
function replace(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  const inner = replace(copy[key], rest, by);
  if (inner === undefined && !Array.isArray(copy)) delete copy[key];
  else copy[key] = inner;
  return copy;
}

const anything = fc.oneof(
  fc.constantFrom(undefined, null, true, 0, -1, 1.5, 2 ** 53, "", "delta", "INTERNAL", "scan", [], [{}], {}),
  fc.jsonValue({ maxDepth: 2 }),
);

describe.each(PAYLOADS)("$name", ({ read, schema, good }) => {
  test("is read whole", () => {
    for (const payload of good) expect(read({ ...payload, newer: 1 })).toEqual(z.parse(schema, payload));
  });

  test("with anything in any place is read, or refused, as by the contract's own schema", () => {
    const cases = good.flatMap((payload) => places(payload).map((path) => ({ payload, path })));
    for (const { payload, path } of cases) agree(replace(payload, path, undefined));
    fc.assert(
      fc.property(fc.constantFrom(...cases), anything, ({ payload, path }, by) => agree(replace(payload, path, by))),
      { numRuns: 300 },
    );
    function agree(payload: unknown): void {
      const parsed = z.safeParse(schema, payload);
      // `readAck` handles a refusal itself and does not give it to this reader.
      if (parsed.success && (parsed.data as { ok?: boolean }).ok === false) return;
      expect(tryRead(read, payload)).toEqual(parsed.data);
    }
  });
});

test("every type of event is among them", () => {
  const types = eventSchema._zod.def.options.map((option) => option._zod.def.shape.type._zod.def.values[0]);
  expect(BODIES.map(({ type }) => type).toSorted()).toEqual(types.toSorted());
});

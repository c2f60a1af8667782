import { fuzzBytes, fuzzText } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { EngineError } from "./failure/engine-error.ts";
import { readFrame, TEXT_FIELDS } from "./frame.ts";
import { CHAT } from "./openai/chat-dialect.ts";
import { EventReader } from "./openai/event-reader.ts";
import { RESPONSES } from "./openai/responses-dialect.ts";
import { parseJson, type Piece } from "./openai/piece.ts";
import { readServerError, statusFailure, streamFailure } from "./openai/server-error.ts";

const FRAMES = [
  '{"type":"chat","message":"hello","unique_id":"a1"}',
  '{"type":"delta","choices":[{"delta":{"content":"x"}}],"unique_id":"a1"}',
  '{"type":"completed","text":"all","unique_id":"a1","citations":[{"file":0,"page":1}]}',
  '{"type":"error","error":{"message":"no","retry_after":3},"unique_id":"a1"}',
  "plain text",
];
const CHUNKS = [
  'data: {"choices":[{"delta":{"content":"x"},"finish_reason":null}]}\n\n',
  'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
  'event: error\ndata: {"error":{"message":"no","code":429}}\n\n',
];
const EVENTS = [
  'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"x","sequence_number":3}\n\n',
  'data: {"type":"response.created","response":{"id":"r","background":true},"sequence_number":0}\n\n',
  'data: {"type":"response.failed","response":{"error":{"message":"no","code":"server_error"}}}\n\n',
];
const BODIES = [
  '{"choices":[{"message":{"content":"x","refusal":null},"finish_reason":"stop"}]}',
  '{"status":"completed","output":[{"content":[{"type":"output_text","text":"x"}]}]}',
  '{"error":{"message":"no","code":"context_length_exceeded","type":"t"}}',
  '{"detail":[{"loc":["body"],"msg":"no"}]}',
];
const MAX_CHARS = 60_000;

it("a frame of an engine is a reply or a refusal", async () => {
  const rule = { uniqueId: "a1", mustEcho: true, textFields: TEXT_FIELDS };
  await fuzzText(FRAMES, (raw) => {
    const frame = readFrame(raw, rule);
    if ("refused" in frame) return expect(["error", "unique-id", "depth"]).toContain(frame.refused);
    if (frame.text !== undefined) expect(frame).toMatchObject({ text: expect.any(String), echoed: true });
    for (const { file, page } of frame.citations ?? []) expect([file >= 0, page >= 1]).toEqual([true, true]);
  });
});

/** Expects that a piece has valid fields, and that its error can be reported. */
function expectPiece({ text, end, error, id, sequence }: Piece): void {
  if (text !== undefined) expect(text).toBeTypeOf("string");
  if (end !== undefined) expect(["whole", "cut"]).toContain(end);
  if (id !== undefined) expect(id).toBeTypeOf("string");
  if (sequence !== undefined) expect(sequence).toBeGreaterThanOrEqual(0);
  if (error) expect(streamFailure(error, ["secret"])).toBeInstanceOf(EngineError);
}

describe.each([
  ["chat completions", CHAT, CHUNKS],
  ["responses", RESPONSES, EVENTS],
] as const)("%s", (_name, dialect, valid) => {
  it("events are pieces, however the bytes are cut", async () => {
    await fuzzBytes(
      valid.map((text) => Buffer.from(text)),
      (bytes) => {
        const reader = new EventReader(MAX_CHARS);
        try {
          const middle = bytes.length >> 1;
          const events = [
            ...reader.read(bytes.subarray(0, middle)),
            ...reader.read(bytes.subarray(middle)),
            ...reader.end(),
          ];
          for (const event of events) expectPiece(dialect.readEvent(event));
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      },
    );
  });

  it("a whole reply is a piece", async () => {
    await fuzzText(BODIES, (text) => expectPiece(dialect.readWhole(parseJson(text))));
  });
});

it("an error of a server is a failure, whatever its form", async () => {
  await fuzzText(BODIES, (text) => {
    const failure = statusFailure(503, readServerError(parseJson(text)), { retryAfter: text, secrets: ["secret"] });
    expect(failure).toBeInstanceOf(EngineError);
  });
});
